import { guarantee } from '@leftfold/testbed/guarantees';
import { Client } from 'pg';
import { expect, test as plain } from 'vitest';
import { startPostgres } from '../src/index.ts';
import { query } from './query.ts';

const test = plain.extend('server', { scope: 'file' }, async ({}, { onCleanup }) => {
  const server = await startPostgres();
  onCleanup(() => server.stop());
  return server;
});

test('a crash loses no acknowledged commit, and rolls back open transactions', async ({ server }) => {
  guarantee('durable');
  await query(server.connectionString, 'create table entries (id int primary key)');
  const inFlight = new Client({ connectionString: server.connectionString });
  inFlight.on('error', () => {}); // the restart closes the connection
  await inFlight.connect();
  await inFlight.query('begin; insert into entries values (1000)');
  const { pid } = server;

  for (let id = 1; id <= 20; id += 1)
    await query(server.connectionString, `insert into entries values (${id})`);
  await server.restart({ mode: 'immediate' });

  expect(server.pid).not.toBe(pid);
  expect(await query(server.connectionString, 'select count(*)::int, max(id) from entries')).toEqual([
    { count: 20, max: 20 },
  ]);
  await expect(inFlight.query('commit')).rejects.toThrow(/terminated|not queryable/);
});

test('a fast restart keeps prepared transactions and data, on the same port', async ({ server }) => {
  const { connectionString } = server;
  await query(connectionString, 'create table kept as select 7 as number');
  await query(connectionString, `begin; insert into kept values (8); prepare transaction 'later'`);
  await server.restart({ mode: 'fast' });
  expect(server.connectionString).toBe(connectionString);
  await query(connectionString, `commit prepared 'later'`);
  expect(await query(connectionString, 'select number from kept order by 1')).toEqual([
    { number: 7 },
    { number: 8 },
  ]);
});

test('concurrent restarts run one after another', async ({ server }) => {
  const { pid } = server;
  await Promise.all([server.restart({ mode: 'immediate' }), server.restart({ mode: 'fast' })]);
  expect(server.pid).not.toBe(pid);
  expect(await query(server.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a server that was killed can be restarted', async ({ server }) => {
  process.kill(server.pid, 'SIGQUIT');
  await server.restart({ mode: 'fast' });
  expect(await query(server.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});
