import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createRequire } from 'node:module';
import { guarantee } from '@leftfold/testbed/guarantees';
import { createTestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import {
  allPages,
  folderOf,
  type Page,
  programsOf,
  removeExamples,
  root,
  type SqlStatement,
  testsOf,
  writeExamples,
} from './page.ts';

const pages = allPages().filter(({ files, sql }) => files.size > 0 || sql.length > 0);
const folder = writeExamples('run', pages);
afterAll(() => removeExamples(folder));

const named = (some: readonly Page[]) => some.map((page) => ({ name: page.path, page }));

describe('the programs and SQL statements of a page have the output that it shows', () => {
  const running = pages.filter((page) => programsOf(page).length > 0 || page.sql.length > 0);

  test.each(named(running))('$name', { timeout: 180_000 }, async ({ page }) => {
    guarantee('documented-code');
    await using database = await createTestDatabase();
    const printed: string[] = [];
    for (const program of programsOf(page)) {
      const { stdout, stderr } = await run(page, program, database.connectionString);
      expect(stderr).toBe('');
      printed.push(...stdout.split('\n').filter((line) => line !== ''));
    }
    expect(printed).toEqual(page.output);
    expect(await resultsOf(database.connectionString, page.sql)).toEqual(page.sql);
  });
});

describe('the tests of a page pass', () => {
  test.each(named(pages.filter((page) => testsOf(page).length > 0)))(
    '$name',
    { timeout: 180_000 },
    async ({ page }) => {
      await using database = await createTestDatabase();
      const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
      const args = [vitest, 'run', '--config', writeVitestConfig(page), '--reporter=json'];
      const { stdout } = await start(page, args, database.connectionString);
      expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toMatchObject({
        success: true,
        numPassedTests: expect.any(Number),
      });
    },
  );
});

/** Writes a configuration that extends the page's own and resolves packages to their sources. */
function writeVitestConfig(page: Page): string {
  const own = existsSync(join(folder, folderOf(page), 'vitest.config.ts'));
  const setup = join(root, 'packages/testing/src/vitest/global-setup.ts');
  const config = `
    import { defaultServerConditions } from 'vite';
    import { mergeConfig } from 'vitest/config';
    ${own ? `import own from './vitest.config.ts';` : 'const own = {};'}
    const conditions = ['@leftfold/source', ...defaultServerConditions];
    const externalConditions = ['@leftfold/source', 'node'];
    // vitest finds these files without any conditions.
    const globalSetup = own.test?.globalSetup?.map((file) =>
      file === '@leftfold/testing/vitest-global-setup' ? '${setup}' : file,
    );
    if (globalSetup !== undefined) own.test.globalSetup = globalSetup;
    export default mergeConfig(own, {
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions } },
      environments: { __vitest__: { resolve: { conditions } } },
    });
  `;
  const file = join(folder, folderOf(page), 'vitest.examples.config.ts');
  writeFileSync(file, config);
  return file;
}

/** Starts a program of the page as a reader would, with a minimal environment and the database. */
function run(page: Page, program: string, connectionString: string) {
  const tsx = pathToFileURL(createRequire(join(root, 'package.json')).resolve('tsx')).href;
  return start(page, ['--conditions=@leftfold/source', '--import', tsx, program], connectionString);
}

function start(page: Page, args: readonly string[], connectionString: string) {
  const { PATH, HOME, TMPDIR } = process.env;
  return promisify(execFile)(process.execPath, args, {
    cwd: join(folder, folderOf(page)),
    env: { PATH, HOME, TMPDIR, TSX_DISABLE_CACHE: '1', NO_COLOR: '1', DATABASE_URL: connectionString },
    timeout: 170_000,
  });
}

/** Runs the page's SQL as psql would: one statement after another, each in its own transaction. */
async function resultsOf(
  connectionString: string,
  sql: readonly SqlStatement[],
): Promise<readonly SqlStatement[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const results: SqlStatement[] = [];
  try {
    for (const { text, rows } of sql) {
      const result = await client
        .query<unknown[]>({ text, rowMode: 'array' })
        .catch((error: unknown) => error);
      const isShown = rows !== undefined || result instanceof Error;
      results.push({ text, rows: isShown ? shown(result) : undefined });
    }
  } finally {
    await client.end();
  }
  return results;
}

/** Formats rows as lines with bars between columns, and an error as psql does. */
function shown(result: unknown): readonly string[] {
  if (result instanceof Error) return [`ERROR: ${result.message}`];
  const { rows } = result as pg.QueryArrayResult<({} | null)[]>;
  return rows.map((row) => row.map((value) => (value === null ? '' : textOfValue(value))).join(' | '));
}

function textOfValue(value: {}): string {
  if (typeof value === 'string') return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
