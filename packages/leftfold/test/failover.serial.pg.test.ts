import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startPostgres } from '@leftfold/embedded';
import { account, balances } from '@leftfold/testbed/bank';
import { ask, findProgram, startReplicated, TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { createTestDatabase, until } from '@leftfold/testing/postgres';
import { expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import { createApp, tokenOf } from '../src/index.ts';

const { deposit, withdraw } = account.command;

const openApp = (url: string, projections: readonly [] | readonly [typeof balances] = []) =>
  createApp({
    database: { url },
    aggregates: [account],
    projections,
    subscriptions: { leaseMs: 500, onIncident: () => {} },
  });

/** An app on a standby, which only reads. */
const openReader = (url: string) =>
  createApp({
    database: { url },
    aggregates: [account],
    projections: [balances],
    subscriptions: { run: false },
  });

type App = Awaited<ReturnType<typeof openApp>>;

async function depositTimes(app: App, times: number, cents: number) {
  for (let made = 0; made < times; made += 1) await app.execute(deposit('1', { cents }));
}

function warnings(): MockInstance<typeof process.emitWarning> {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  return warn;
}

/** A reader that has read the first events of a log, and waits for the next one. */
async function readerOf(app: App, seen: number) {
  const events = app.store.subscribe()[Symbol.asyncIterator]();
  for (let read = 0; read < seen; read += 1) await events.next();
  return events.next();
}

/** What holds after the log has lost the last five of ten deposits of 100, and got five of 1 from another process. */
async function expectNoticed(app: App, url: string, warn: MockInstance, next: Promise<unknown>) {
  const lost = failureOf(next) as Promise<{ code?: string } | undefined>;
  await using other = await openApp(url);
  await depositTimes(other, 5, 1);
  expect(await app.execute(withdraw('1', { cents: 1_000 }))).toMatchObject({ reason: 'insufficient-funds' });
  // LOGIN_REFUSED: it asked while there was no database of that name.
  expect(['LOG_REWOUND', 'LOGIN_REFUSED']).toContain((await lost)?.code);
  const { token } = await app.execute(deposit('1', { cents: 1 }));
  const rows = await app.query(balances, { atLeast: token, timeoutMs: 20_000 }).execute();
  expect(rows).toMatchObject([{ account_id: 'account-1', cents: 506 }]);
  const rewound = warn.mock.calls.filter(
    ([warning]) => (warning as { code?: string }).code === 'LOG_REWOUND',
  );
  expect(rewound).toHaveLength(1);
}

const migrated = async (connectionString: string) => {
  await using app = await openApp(connectionString, [balances]);
  await app.projections.whenCaughtUp(balances);
};

test('a process notices that the promoted standby lacks what was acknowledged', async () => {
  guarantee('log-went-back');
  const warn = warnings();
  await using servers = await startReplicated(migrated);
  await using proxy = await TcpProxy.start(servers.primary.connectionString);
  await using app = await openApp(proxy.connectionString, [balances]);
  await depositTimes(app, 5, 100);
  await until(async () => (await countOn(servers.standby.connectionString)) === 5, {
    message: 'five events there',
  });
  await servers.stopReceiver();
  await depositTimes(app, 5, 100);
  await app.projections.whenCaughtUp(balances);
  const next = readerOf(app, 10);
  await until(() => app.store.highWaterMark().then((mark) => mark === 10), {
    message: 'ten events are settled',
  });
  await servers.failOver();
  proxy.redirect(servers.standby.connectionString);
  await expectNoticed(app, servers.standby.connectionString, warn, next);
});

test('a synchronous standby loses nothing, and its promotion is silent', async () => {
  guarantee('log-went-back');
  const warn = warnings();
  await using servers = await startReplicated(migrated);
  await servers.synchronize();
  await using proxy = await TcpProxy.start(servers.primary.connectionString);
  await using app = await openApp(proxy.connectionString, [balances]);
  await depositTimes(app, 10, 100);
  const next = readerOf(app, 10);
  await servers.failOver();
  proxy.redirect(servers.standby.connectionString);
  const withdrawn = await app.execute(withdraw('1', { cents: 1_000 }));
  expect(withdrawn).toMatchObject({ outcome: 'accepted', streamVersion: 11 });
  expect(await next).toMatchObject({ value: { streamVersion: 11 } });
  const rows = await app.query(balances, { atLeast: withdrawn.token, timeoutMs: 20_000 }).execute();
  expect(rows).toMatchObject([{ cents: 0 }]);
  expect(app.store.era).toBe(0);
  expect(warn).not.toHaveBeenCalled();
});

test('a standby waits for the event of a token that it has not received', async () => {
  guarantee('tokens-name-their-event');
  await using servers = await startReplicated(migrated);
  const { connectionString, superuserConnectionString } = servers.standby;
  await using app = await openApp(servers.primary.connectionString, [balances]);
  await app.execute(deposit('1', { cents: 100 }));
  await using standby = await openReader(connectionString);
  const received = await app.execute(deposit('1', { cents: 1 }));
  expect(
    await standby.query(balances, { atLeast: received.token, timeoutMs: 20_000 }).execute(),
  ).toMatchObject([{ cents: 101 }]);

  await ask(superuserConnectionString, 'select pg_wal_replay_pause()');
  const { token } = await app.execute(deposit('1', { cents: 1 }));
  await app.projections.waitFor(balances, token);
  const late = { code: 'SUBSCRIPTION_TIMEOUT', wanted: 3, reached: 2 };
  const query = standby.query(balances, { atLeast: token, timeoutMs: 200 });
  expect(await failureOf(query.execute())).toMatchObject(late);
  expect(await failureOf(standby.projections.waitFor(balances, token, { timeoutMs: 200 }))).toMatchObject(
    late,
  );
  const foreign = tokenOf({ position: 2, id: 'of another log' });
  const refused = standby.query(balances, { atLeast: foreign, timeoutMs: Number.POSITIVE_INFINITY });
  expect(await failureOf(refused.execute())).toMatchObject({ code: 'LOG_REWOUND', lostFrom: 2, end: 2 });

  const waiting = standby.query(balances, { atLeast: token, timeoutMs: 20_000 }).execute();
  await ask(superuserConnectionString, 'select pg_wal_replay_resume()');
  expect(await waiting).toMatchObject([{ cents: 102 }]);
});

test('a process notices a crash that lost commits which did not wait for the disk', async () => {
  guarantee('log-went-back');
  const warn = warnings();
  await using server = await startPostgres({ settings: { synchronous_commit: 'off' } });
  await using app = await openApp(server.connectionString, [balances]);
  await depositTimes(app, 5, 100);
  await app.projections.whenCaughtUp(balances);
  const [row] = await ask(
    server.superuserConnectionString,
    "select pid from pg_stat_activity where backend_type = 'walwriter'",
  );
  const writer = Number(row?.['pid']);
  await ask(server.superuserConnectionString, 'checkpoint'); // what was committed until now is on the disk
  process.kill(writer, 'SIGSTOP');
  await depositTimes(app, 5, 100);
  const next = readerOf(app, 10);
  await until(() => app.store.highWaterMark().then((mark) => mark === 10), {
    message: 'ten events are settled',
  });
  // The server ends all of its processes and recovers from its log on the disk.
  process.kill(writer, 'SIGKILL');
  await until(async () => (await countOn(server.connectionString).catch(() => 10)) === 5, {
    message: 'five are lost',
  });
  await expectNoticed(app, server.connectionString, warn, next);
});

const dump = findProgram('pg_dump');

test('a process notices that an older dump was restored', { skip: dump === undefined }, async () => {
  guarantee('log-went-back');
  const warn = warnings();
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-dump-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'dump');
  const programs = dirname(dump ?? '');
  await using server = await startPostgres({ binaries: dirname(programs) });
  await using database = await createTestDatabase({ server: server.superuserConnectionString });
  const { connectionString } = database;
  await using app = await openApp(connectionString, [balances]);
  await depositTimes(app, 5, 100);
  await app.projections.whenCaughtUp(balances);
  execFileSync(join(programs, 'pg_dump'), ['-Fc', '-f', file, connectionString]);
  await depositTimes(app, 5, 100);
  await app.projections.whenCaughtUp(balances);
  const next = readerOf(app, 10);
  await until(() => app.store.highWaterMark().then((mark) => mark === 10), {
    message: 'ten events are settled',
  });
  await ask(
    server.superuserConnectionString,
    `drop database "${new URL(connectionString).pathname.slice(1)}" with (force)`,
  );
  execFileSync(join(programs, 'pg_restore'), ['-C', '-d', server.superuserConnectionString, file]);
  await expectNoticed(app, connectionString, warn, next);
});

async function countOn(connectionString: string): Promise<number> {
  const [row] = await ask(connectionString, 'select count(*) as events from leftfold.events');
  return Number(row?.['events']);
}
