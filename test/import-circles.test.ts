import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './source-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leftfold-circles-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The files in which this repository's lint finds an import cycle. */
function filesInCircles(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const args = [oxlint, '--config', join(root, '.oxlintrc.json'), '--format', 'unix', folder];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return [...stdout.matchAll(/([\w-]+\.ts):\d+:\d+: .*import\(no-cycle\)/g)]
    .map(([, name = '']) => name)
    .toSorted();
}

test('lint reports an import cycle in each of its files, and in no other', () => {
  const files = {
    'a.ts': `import { b } from './b.ts';\nexport const a = b;`,
    'b.ts': `export { c as b } from './c.ts';`,
    'c.ts': `import './a.ts';\nexport const c = 1;`,
    'd.ts': `import './a.ts';`,
  };
  expect(filesInCircles(files)).toEqual(['a.ts', 'b.ts', 'c.ts']);
});

test('lint reports an import cycle of types', () => {
  const files = {
    'a.ts': `import type { B } from './b.ts';\nexport interface A {\n  readonly b: B;\n}`,
    'b.ts': `import { type A } from './a.ts';\nexport interface B {\n  readonly a: A;\n}`,
  };
  expect(filesInCircles(files)).toEqual(['a.ts', 'b.ts']);
});
