import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { createTestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';
import { expect, test } from 'vitest';
import { balances } from '../src/read/balances.ts';
import { turnover } from '../src/read/turnover.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

async function runDemo(environment: Readonly<Record<string, string>>) {
  const demo = spawn(process.execPath, ['--conditions=@leftfold/source', '--import', tsx, main], {
    env: { ...process.env, FORCE_COLOR: '0', ...environment },
  });
  const ended = new Promise<number | null>((resolve) => {
    demo.once('exit', resolve);
  });
  const [output, errors] = await Promise.all([text(demo.stdout), text(demo.stderr)]);
  expect(errors).toBe('');
  expect(output).toContain('Done.');
  expect(output.match(/✓/g)?.length).toBeGreaterThanOrEqual(11);
  expect(await ended).toBe(0);
}

async function schemasOf(connectionString: string): Promise<readonly string[]> {
  const client = new pg.Client(connectionString);
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `select nspname as name from pg_namespace where starts_with(nspname, 'demo_') order by 1`,
  );
  await client.end();
  return rows.map(({ name }) => name);
}

test('the checks of the demo pass, and it drops its schemas in a given database', async () => {
  await using database = await createTestDatabase();
  await runDemo({ DATABASE_URL: database.connectionString });
  expect(await schemasOf(database.connectionString)).toEqual([]);
}, 120_000);

test('the checks of the demo pass with the rights of an app and a projector only', async () => {
  await using database = await createTestDatabase();
  await using logins = await createRoleLogins(database);
  const schema = 'demo_roles';
  await logins.migrate({ schema, projections: [balances, turnover] });
  await runDemo({ DATABASE_URL: logins.urlOf('process'), DEMO_SCHEMA: schema });
  expect(await schemasOf(database.connectionString)).toContain(schema);
}, 120_000);
