import { databaseTest } from '@leftfold/testbed/database';
import { killBackends, TcpProxy } from '@leftfold/testbed/faults';
import { until } from '@leftfold/testing/postgres';
import { Pool } from 'pg';
import { expect } from 'vitest';
import { Notifier } from '../src/index.ts';

const test = databaseTest().extend(
  'openNotifier',
  ({ pool }) =>
    (channel: string, { listen = true }: { readonly listen?: boolean } = {}) => {
      const notifier = new Notifier({ pool, channel, listen });
      return Object.assign(notifier, { [Symbol.asyncDispose]: () => notifier.close() });
    },
);

test('a notification reaches those who listen on its channel, and no others', async ({ openNotifier }) => {
  await using sender = openNotifier('one');
  await using hearing = openNotifier('one');
  await using other = openNotifier('two');
  const heard = { hearing: 0, other: 0 };
  hearing.listen(() => (heard.hearing += 1));
  other.listen(() => (heard.other += 1));
  await until(() => hearing.listening && other.listening, { message: 'both to listen' });
  const before = { ...heard };
  sender.notify();
  await until(() => heard.hearing > before.hearing, { message: 'the notification' });
  expect(heard.other).toBe(before.other);
});

test('many notifications at once are sent as few', async ({ openNotifier }) => {
  await using sender = openNotifier('many');
  await using hearing = openNotifier('many');
  let heard = 0;
  hearing.listen(() => (heard += 1));
  await until(() => hearing.listening, { message: 'it to listen' });
  const before = heard;
  for (let count = 0; count < 1_000; count += 1) sender.notify();
  await until(() => heard > before, { message: 'a notification' });
  expect(heard - before).toBeLessThan(10);
});

test('a lost connection is opened again, and what was missed is made up for by a call', async ({
  pool,
  openNotifier,
}) => {
  await using hearing = openNotifier('lost');
  let heard = 0;
  hearing.listen(() => (heard += 1));
  await until(() => hearing.listening, { message: 'it to listen' });
  const before = heard;
  await killBackends(pool, `query = 'listen "lost"'`);
  await until(() => !hearing.listening, { message: 'the loss' });
  await until(() => hearing.listening, { message: 'it to listen again' });
  expect(heard).toBeGreaterThan(before);
});

test('those who hear a topic are told when it begins to listen: one may have been missed', async ({
  pool,
  openNotifier,
}) => {
  await using hearing = openNotifier('hearing');
  await openNotifier('hearing').tell('leases', 'another process'); // before any of them listens
  let told = 0;
  const end = hearing.hear('leases', 'this process', () => (told += 1));
  await until(() => told === 1, { message: 'the call for what was missed' });
  await killBackends(pool, `query = 'listen "hearing"'`);
  await until(() => told === 2, { message: 'the call after the loss' });
  end();
});

test('a notifier that may not listen opens no connection of its own', async ({ pool, openNotifier }) => {
  await using silent = openNotifier('silent', { listen: false });
  silent.listen(() => {});
  silent.notify();
  const { rows } = await pool.query(
    `select from pg_stat_activity where datname = current_database() and query = 'listen "silent"'`,
  );
  expect(rows).toEqual([]);
  expect(silent.listening).toBe(false);
});

test('a connection that went silent is opened again', async ({ database }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  await using pool = Object.assign(new Pool({ connectionString: proxy.connectionString }), {
    [Symbol.asyncDispose]: () => pool.end(),
  });
  const hearing = new Notifier({ pool, channel: 'dumb', listen: true, heartbeatMs: 100 });
  let heard = 0;
  hearing.listen(() => (heard += 1));
  await until(() => hearing.listening, { message: 'it to listen' });
  proxy.stall();
  await until(() => !hearing.listening, { message: 'the silence to be noticed' });
  await proxy.restore();
  const before = heard;
  await until(() => hearing.listening, { message: 'it to listen again' });
  expect(heard).toBeGreaterThan(before);
  proxy.stall();
  await hearing.close();
});
