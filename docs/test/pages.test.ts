import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { guarantee } from '@leftfold/testbed/guarantees';
import { afterAll, describe, expect, test } from 'vitest';
import { importTable } from '../../test/import-rules.ts';
import { filesBelow } from '../../test/source-file.ts';
import { allPages, parsePage, removeExamples, root, writeExamples } from './page.ts';

const pages = allPages();
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the code of the pages', () => {
  const folder = writeExamples('types', pages);
  afterAll(() => removeExamples(folder));

  test('compiles against the packages as they are', { timeout: 120_000 }, () => {
    guarantee('documented-code');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    // The packages' own sources are checked by their own projects.
    expect(stdout.split(/\n(?=\S)/).filter((problem) => !problem.startsWith('../'))).toEqual(['']);
  });
});

test('a link within the repository leads somewhere', () => {
  const dead = pages.flatMap(({ path, text }) => {
    const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    return [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('/reference/'))
      .filter((target) => {
        const file = target.startsWith('/') ? join(root, 'docs', target) : join(root, dirname(path), target);
        return !existsSync(file) && !existsSync(`${file}.md`);
      })
      .map((target) => `${path}: ${target}`);
  });
  expect(dead).toEqual([]);
});

test('a line of code on the site has at most 80 characters, but for its output', () => {
  const tooLong = pages
    .filter(({ path }) => path.startsWith('docs/'))
    .flatMap(({ path, text }) =>
      linesOfCode(text)
        .filter((line) => line.length > 80 && !/^\s*(?:\/\/|--) => /.test(line))
        .map((line) => `${path}: ${line}`),
    );
  expect(tooLong).toEqual([]);
});

/** The lines within fences that a reader sees. */
function linesOfCode(text: string): readonly string[] {
  const visible = text.replace(/<!--[\s\S]*?-->/g, '');
  return [...visible.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) => code.split('\n'));
}

test('the README says the two commands literally, and they are scripts of the repository', () => {
  const readme = textOf('README.md');
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  for (const command of ['npm run demo', 'npm test']) expect(readme).toContain(`\n${command}`);
  expect(scripts).toMatchObject({ demo: expect.any(String), test: expect.any(String) });
});

test('the table of imports is the one that is enforced', () => {
  const rows = [...textOf('ARCHITECTURE.md').matchAll(/^\| ([a-z-]+) \| (.*) \|$/gm)];
  const told = new Map(rows.map(([, name = '', imports = '']) => [name, imports]));
  const exists = (name: string) => existsSync(join(root, 'packages', name));
  const names = Object.keys(importTable).filter(exists);
  for (const name of names) {
    const cell = told.get(name) ?? 'no row';
    const named = [...cell.matchAll(new RegExp(`\\b(?:${names.join('|')})\\b`, 'g'))].map(([one]) => one);
    const { ours = [], onDemand = [] } = importTable[name] ?? {};
    expect(named.toSorted(), name).toEqual([...ours, ...onDemand].filter(exists).toSorted());
  }
});

test('the page of errors has every code, and no other', () => {
  const sources = filesBelow('packages')
    .filter((path) => /\/src\/.*error[\w-]*\.ts$/.test(path) && !/\.test(-d)?\.ts$/.test(path))
    .map(textOf);
  const codes = sources.flatMap((code) =>
    [...code.matchAll(/(?:readonly code = |^ {2}\| )'([A-Z_]+)'/gm)].map(([, one = '']) => one),
  );
  const told = [...textOf('docs/errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, one = '']) => one);
  expect(told.toSorted()).toEqual([...new Set(codes)].toSorted());
});

test('a fence with a file name is that file, other code goes on with it, and comments say what is printed', () => {
  const page = [
    '<!-- ts\nconst hidden = 1;\n-->',
    '```ts\n// a/b.ts\nexport const b = 2;\n```',
    '```ts\nconsole.log(b); // => 2\n// => { b: 2,\n//      c: 3 }\n```',
    '```sql\nselect 1;\n-- => 1\nselect 2;\n\nselect 3, 4;\n-- => 3 | 4\n--    5 | 6\n```',
  ].join('\n\n');
  expect(parsePage('page.md', page)).toMatchObject({
    files: new Map([
      ['main.ts', 'const hidden = 1;\n'],
      ['a/b.ts', '// a/b.ts\nexport const b = 2;\nconsole.log(b); // => 2\n// => { b: 2,\n//      c: 3 }\n'],
    ]),
    output: ['2', '{ b: 2,', '  c: 3 }'],
    sql: [
      { text: 'select 1', rows: ['1'] },
      { text: 'select 2', rows: undefined },
      { text: 'select 3, 4', rows: ['3 | 4', '5 | 6'] },
    ],
  });
});
