import { describe, expect, test } from 'vitest';
import { forbiddenImports, importsOutOfPackage, importTable } from './import-rules.ts';
import { parseSource } from './source-file.ts';

const inPackage = (name: string, text: string) =>
  forbiddenImports(parseSource(`packages/${name}/src/some/file.ts`, text));

describe('a source file', () => {
  test('may not import a package that its row does not name', () => {
    expect(inPackage('commands', `import { append } from '@leftfold/event-store';`)).toEqual([
      'packages/commands/src/some/file.ts: commands may not import @leftfold/event-store',
    ]);
  });

  test('of core may import no storage library, no Node module, and only types of kysely', () => {
    expect(inPackage('core', `import { Pool } from 'pg';`)).toHaveLength(1);
    expect(inPackage('core', `import { join } from 'node:path';`)).toHaveLength(1);
    expect(inPackage('core', `import { sql } from 'kysely';`)).toHaveLength(1);
    expect(inPackage('core', `import type { Kysely } from 'kysely';\nimport { z } from 'zod';`)).toEqual([]);
  });

  test('of leftfold may load the embedded server on demand only', () => {
    expect(inPackage('leftfold', `const { start } = await import('@leftfold/embedded');`)).toEqual([]);
    expect(inPackage('leftfold', `import { start } from '@leftfold/embedded';`)).toHaveLength(1);
  });

  test('is checked without its comments; an import can have several lines', () => {
    expect(inPackage('core', `/**\n * import { Pool } from 'pg';\n */\n// import 'pg';`)).toEqual([]);
    expect(inPackage('core', `import {\n  Pool,\n  type Client,\n} from 'pg';`)).toHaveLength(1);
    expect(inPackage('core', `export { Pool } from 'pg';`)).toHaveLength(1);
    expect(inPackage('core', `/* a */ import { Pool } from 'pg';`)).toHaveLength(1);
  });
});

describe('a file of a package', () => {
  const outOf = (path: string, text: string) => importsOutOfPackage(parseSource(path, text));

  test('may not import a file of another package by its path, a test included', () => {
    const text = `import type { A } from '../../core/src/a.ts';`;
    expect(outOf('packages/commands/src/b.ts', text)).toHaveLength(1);
    expect(outOf('packages/commands/test/b.pg.test.ts', text)).toHaveLength(1);
  });

  test('may import the files of its own package', () => {
    expect(outOf('packages/core/test/b.test.ts', `import { a } from '../src/core/a.ts';`)).toEqual([]);
  });
});

describe('the import table', () => {
  test('has no cycles: a row names packages of earlier rows only', () => {
    const names = Object.keys(importTable);
    for (const [index, [name, { ours, onDemand = [] }]] of Object.entries(importTable).entries()) {
      const later = [...ours, ...onDemand].filter((one) => !names.slice(0, index).includes(one));
      expect(later, name).toEqual([]);
    }
  });

  test('has one row for the packages of all brokers', () => {
    expect(inPackage('messaging-nats', `import { relay } from '@leftfold/messaging';`)).toEqual([]);
    expect(
      inPackage('messaging-nats', `import { createEventStore } from '@leftfold/event-store';`),
    ).toHaveLength(1);
  });
});
