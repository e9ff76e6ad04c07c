import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createTestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

test('the checks of the demo pass, and it drops its schemas in a given database', async () => {
  await using database = await createTestDatabase();
  const demo = spawn(process.execPath, ['--conditions=@leftfold/source', '--import', tsx, main], {
    env: { ...process.env, DATABASE_URL: database.connectionString, FORCE_COLOR: '0' },
  });
  const ended = new Promise<number | null>((resolve) => {
    demo.once('exit', resolve);
  });
  const [output, errors] = await Promise.all([text(demo.stdout), text(demo.stderr)]);
  expect(errors).toBe('');
  expect(output).toContain('Done.');
  expect(output.match(/✓/g)?.length).toBeGreaterThanOrEqual(11);
  expect(await ended).toBe(0);

  const client = new pg.Client(database.connectionString);
  await client.connect();
  const { rows } = await client.query(`select nspname from pg_namespace where starts_with(nspname, 'demo_')`);
  await client.end();
  expect(rows).toEqual([]);
}, 120_000);
