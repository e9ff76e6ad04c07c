import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entriesOf, publicNames } from './public-names.ts';
import { parseSource, root } from './source-file.ts';

test('the public names of every package are those of public-names.txt', async () => {
  const entries = readdirSync(join(root, 'packages')).flatMap((folder) =>
    entriesOf(join('packages', folder)),
  );
  const text = entries.map(({ specifier, names }) => [specifier, ...names].join('\n  ')).join('\n\n');
  await expect(
    `${text}\n`,
    'A public name was added or lost. If that is meant: npx vitest run --project root -u test/public-names.test.ts, then commit public-names.txt and a changeset',
  ).toMatchFileSnapshot('public-names.txt');
});

test('every form of export is read', () => {
  const code = `
    export { b, type C, x as a } from './b.ts';
    export type { D } from './d.ts';
    export async function e() {}
    export interface F {}
    export const g = 1;
    // export const h = 1;
  `.replace(/^ {4}/gm, '');
  expect(publicNames(parseSource('index.ts', code))).toEqual([
    'type C',
    'type D',
    'type F',
    'a',
    'b',
    'e',
    'g',
  ]);
});
