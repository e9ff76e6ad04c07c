import { spawnSync } from 'node:child_process';

/**
 * The program of a Python that has modules; use the result with `describe.skipIf`.
 *
 * @returns undefined, and says so, when there is none
 * @throws Error instead, where every service is required
 */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const program = 'python3';
  const { status } = spawnSync(program, ['-c', `import ${modules.join(', ')}`]);
  if (status === 0) return program;
  const missing = `${program} with the modules ${modules.join(' and ')} is not installed`;
  if (process.env['LEFTFOLD_REQUIRE_SERVICES'] === '1') throw new Error(missing);
  console.log(`Skipped: ${missing}.`);
  return undefined;
}
