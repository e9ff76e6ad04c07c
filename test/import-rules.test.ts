import { describe, expect, test } from 'vitest';
import { forbiddenImports, importCycles } from './import-rules.ts';
import { parseSource } from './source-file.ts';

const inPackage = (name: string, text: string) =>
  forbiddenImports(parseSource(`packages/${name}/src/some/file.ts`, text));

describe('a source file', () => {
  test('may not import a package that its row does not name', () => {
    expect(inPackage('commands', `import { append } from '@leftfold/event-store';`)).toEqual([
      'packages/commands/src/some/file.ts: commands may not import @leftfold/event-store',
    ]);
  });

  test('may not import a storage library or Node in core, nor kysely except for its types', () => {
    expect(inPackage('core', `import { Pool } from 'pg';`)).toHaveLength(1);
    expect(inPackage('core', `import { join } from 'node:path';`)).toHaveLength(1);
    expect(inPackage('core', `import { sql } from 'kysely';`)).toHaveLength(1);
    expect(inPackage('core', `import type { Kysely } from 'kysely';\nimport { z } from 'zod';`)).toEqual([]);
  });

  test('of leftfold may load the embedded server on demand only', () => {
    expect(inPackage('leftfold', `const { start } = await import('@leftfold/embedded');`)).toEqual([]);
    expect(inPackage('leftfold', `import { start } from '@leftfold/embedded';`)).toHaveLength(1);
  });

  test('is judged by its code: an import in a comment is none, one over several lines is one', () => {
    expect(inPackage('core', `/**\n * import { Pool } from 'pg';\n */\n// import 'pg';`)).toEqual([]);
    expect(inPackage('core', `import {\n  Pool,\n  type Client,\n} from 'pg';`)).toHaveLength(1);
    expect(inPackage('core', `export { Pool } from 'pg';`)).toHaveLength(1);
  });
});

test('a type import closes no circle', () => {
  const files = [
    parseSource('packages/core/src/a.ts', `import { b } from './b.ts';`),
    parseSource('packages/core/src/b.ts', `import type { A } from './a.ts';`),
  ];
  expect(importCycles(files)).toEqual([]);
});

test('a circle of imports is found with the files along it', () => {
  const files = [
    parseSource('packages/core/src/a.ts', `import { b } from './b/b.ts';`),
    parseSource('packages/core/src/b/b.ts', `export { c } from '../c.ts';`),
    parseSource('packages/core/src/c.ts', `import './a.ts';`),
    parseSource('packages/core/src/d.ts', `import './a.ts';`),
  ];
  expect(importCycles(files)).toEqual([
    [
      'packages/core/src/a.ts',
      'packages/core/src/b/b.ts',
      'packages/core/src/c.ts',
      'packages/core/src/a.ts',
    ],
  ]);
});
