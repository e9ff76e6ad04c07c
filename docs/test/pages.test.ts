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

describe('the code of all pages', () => {
  const folder = writeExamples('types', pages);
  afterAll(() => removeExamples(folder));

  test('compiles against the sources of the packages', { timeout: 120_000 }, () => {
    guarantee('documented-code');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    // Problems in the sources of packages are left to the check of their own projects.
    expect(stdout.split(/\n(?=\S)/).filter((problem) => !problem.startsWith('../'))).toEqual(['']);
  });
});

test('links within the repository have a target', () => {
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

test('lines of code on the site have at most 80 characters, except for output', () => {
  const tooLong = pages
    .filter(({ path }) => path.startsWith('docs/'))
    .flatMap(({ path, text }) =>
      linesOfCode(text)
        .filter((line) => line.length > 80 && !/^\s*(?:\/\/|--) => /.test(line))
        .map((line) => `${path}: ${line}`),
    );
  expect(tooLong).toEqual([]);
});

/** The lines of visible fences. */
function linesOfCode(text: string): readonly string[] {
  const visible = text.replace(/<!--[\s\S]*?-->/g, '');
  return [...visible.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) => code.split('\n'));
}

test('the README has `npm run demo` and `npm test`, and both scripts exist', () => {
  const readme = textOf('README.md');
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  for (const command of ['npm run demo', 'npm test']) expect(readme).toContain(`\n${command}`);
  expect(scripts).toMatchObject({ demo: expect.any(String), test: expect.any(String) });
});

test('the table of imports in ARCHITECTURE.md equals the enforced one', () => {
  const rows = [...textOf('ARCHITECTURE.md').matchAll(/^\| ([a-z-]+) \| (.*) \|$/gm)];
  const documented = new Map(rows.map(([, name = '', imports = '']) => [name, imports]));
  const exists = (name: string) => existsSync(join(root, 'packages', name));
  const names = Object.keys(importTable).filter(exists);
  for (const name of names) {
    const cell = documented.get(name) ?? 'no row';
    const named = [...cell.matchAll(new RegExp(`\\b(?:${names.join('|')})\\b`, 'g'))].map(([one]) => one);
    const { ours = [], onDemand = [] } = importTable[name] ?? {};
    expect(named.toSorted(), name).toEqual([...ours, ...onDemand].filter(exists).toSorted());
  }
});

test('docs/errors.md lists exactly the error codes of the sources', () => {
  const sources = filesBelow('packages')
    .filter((path) => /\/src\/.*error[\w-]*\.ts$/.test(path) && !/\.test(-d)?\.ts$/.test(path))
    .map(textOf);
  const codes = sources.flatMap((code) =>
    [...code.matchAll(/(?:readonly code = |^ {2}\| )'([A-Z_]+)'/gm)].map(([, one = '']) => one),
  );
  const documented = [...textOf('docs/errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, one = '']) => one);
  expect(documented.toSorted()).toEqual([...new Set(codes)].toSorted());
});

test('docs/errors.md says which errors are retryable, and lists their fields', () => {
  const rows = textOf('docs/errors.md').matchAll(
    /^\| `([A-Z_]+)`<br>`(\w+)` \| (yes|no) \| \d+ \|([^|]*)\|/gm,
  );
  const documented = [...rows].map(([, code, name, retryable, fields = '']) => [
    name,
    { code, retryable: retryable === 'yes', fields: namesIn(fields, /`(\w+)`/g) },
  ]);
  const sources = filesBelow('packages/core/src/errors').filter((path) => path.endsWith('-errors.ts'));
  const blocks = sources.flatMap((path) => [...textOf(path).matchAll(/^\w[^\n]*class (\w+)[\s\S]*?^}$/gm)]);
  const sourceByName = new Map(blocks.map(([source, name = '']) => [name, source]));
  const classes = [...sourceByName].flatMap(([name, source]) => {
    const [, code] = /readonly code = '([A-Z_]+)'/.exec(source) ?? [];
    if (code === undefined) return [];
    const [, parent = ''] = / extends (\w+)/.exec(source) ?? [];
    const fields = namesIn(`${sourceByName.get(parent) ?? ''}\n${source}`, /^ {2}readonly (\w+):/gm);
    return [[name, { code, retryable: source.includes('readonly retryable = true;'), fields }]];
  });
  expect(classes.length).toBeGreaterThan(30);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(classes));
});

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name).toSorted();
}

test('parsePage joins fences into files, and reads expected output from comments', () => {
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
