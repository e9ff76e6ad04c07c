import { databaseTest } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { describe, expect, onTestFinished } from 'vitest';
import { runnerOn } from '../src/index.ts';

const test = databaseTest();

/** Runs statements on a pool of one connection, and notes what the server sends on it. */
function poolOfOne(connectionString: string) {
  const pool = new pg.Pool({ connectionString, max: 1 });
  onTestFinished(() => pool.end());
  const received: string[] = [];
  pool.on('connect', ({ connection }: pg.PoolClient) => {
    for (const name of ['errorMessage', 'readyForQuery']) connection.on(name, () => received.push(name));
  });
  const run = runnerOn(pool, { prepare: false });
  const pid = async () => {
    const [row] = await run<{ pid: number }>({
      name: 'pid',
      text: 'select pg_backend_pid() as pid',
      values: [],
    });
    return row?.pid;
  };
  return { received, pid, run: (text: string) => run({ name: 'test', text, values: [] }) };
}

describe('a statement on a pool', () => {
  test.beforeAll(async ({ pool }) => {
    await pool.query('create table seats (number int primary key); insert into seats values (1)');
  });

  test.for([
    ['loses a race', 'insert into seats values (1)', '23505'],
    ['waits for a lock for too long', `do $$ begin raise sqlstate '55P03'; end $$`, '55P03'],
    ['takes too long', `do $$ begin raise sqlstate '57014'; end $$`, '57014'],
  ] as const)('that %s keeps its connection', async ([, text, code], { database }) => {
    const { pid, run } = poolOfOne(database.connectionString);
    const before = await pid();
    expect(await failureOf(run(text))).toMatchObject({ code });
    expect(await pid()).toBe(before);
  });

  test('that fails for another reason has a new connection after it', async ({ database }) => {
    const { pid, run } = poolOfOne(database.connectionString);
    const before = await pid();
    expect(await failureOf(run('select 1 / 0'))).toMatchObject({ code: '22012' });
    expect(await pid()).not.toBe(before);
  });

  test.for(['insert into seats values (1)', 'select 1 / 0'])(
    'fails when the server has undone it, not before: %s',
    async (text, { database }) => {
      const { received, pid, run } = poolOfOne(database.connectionString);
      await pid();
      received.length = 0;
      await failureOf(run(text));
      expect(received.slice(0, 2)).toEqual(['errorMessage', 'readyForQuery']);
    },
  );
});
