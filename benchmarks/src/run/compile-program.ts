import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const cache = new URL('../../node_modules/.cache/', import.meta.url);

/**
 * Compiles a program to JavaScript, as an application is deployed: a TypeScript loader would add to what is measured.
 *
 * @returns the path of the program
 */
export async function compileProgram(source: URL): Promise<string> {
  const outfile = fileURLToPath(new URL(`${basename(source.pathname, '.ts')}.js`, cache));
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@leftfold/source'],
    external: ['kysely', 'pg', 'zod'],
    logLevel: 'error',
  });
  return outfile;
}
