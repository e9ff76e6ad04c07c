import { account, accountEvents } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { z } from 'zod';
import {
  accepted,
  type App,
  aggregateIdOf,
  createApp,
  defineProcess,
  defineReaction,
  defineTableProjection,
} from '../src/index.ts';

const test = databaseTest().extend('logins', async ({ ownDatabase }, fixture) =>
  disposeAfter(fixture, await createRoleLogins(ownDatabase)),
);

/** Gives each new account a present, and closes it when nothing is paid in afterwards. */
const welcome = defineProcess({
  name: 'welcome',
  events: [accountEvents],
  deadlines: ['unused'],
  publishes: { presented: z.object({ cents: z.int() }) },
  starts: ['account.opened'],
  correlate: {
    'account.opened': ({ streamId }) => aggregateIdOf(streamId),
    'account.deposited': ({ streamId }) => aggregateIdOf(streamId),
  },
  initialState: { id: '' },
  evolve: { 'account.opened': (_state, { streamId }) => ({ id: aggregateIdOf(streamId) }) },
  react: {
    'account.opened': ({ id }, _input, out) => [
      out.execute(account.command.deposit(id, { cents: 500 })),
      out.schedule('unused', { afterMs: 50 }),
      out.publish.presented({ cents: 500 }),
    ],
    deadline: ({ id }, _input, out) => [out.execute(account.command.close(id, {})), out.complete()],
  },
});

const presents = defineTableProjection({
  name: 'presents',
  events: [welcome.published],
  columns: { id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ id: aggregateIdOf(streamId) }),
  initialRow: { cents: 0 },
  evolve: { 'welcome.presented': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});

test('an app runs its processes, with the rights of the script', async ({ logins }) => {
  await logins.migrate();
  const definitions = { aggregates: [account], processes: [welcome], projections: [presents] } as const;
  await using owner = await createApp({
    ...definitions,
    database: { url: logins.urlOf('owner') },
    subscriptions: { run: false },
  });
  await logins.grant({ projections: [presents] });
  await using app = await createApp({ ...definitions, database: { url: logins.urlOf('process') } });
  const { token } = accepted(await app.execute(account.command.open('ada', { owner: 'Ada' })));
  await app.processes.waitFor(welcome, token);
  expect(await owner.processes.whenEnded(welcome, 'ada')).toMatchObject({ status: 'completed' });
  expect((await app.load(account, 'ada')).state).toEqual({ open: false, cents: 0 });
  await app.projections.whenCaughtUp(presents);
  expect(await app.query(presents).execute()).toEqual([{ id: 'ada', cents: 500 }]);
  expect((await app.status()).processes).toMatchObject([
    { name: 'welcome', state: 'running', instances: [{ version: 1, status: 'completed', count: 1 }] },
  ]);
  expect((await app.health()).checks).toContainEqual(
    expect.objectContaining({ kind: 'process', name: 'process welcome', ok: true }),
  );
  expect(await app.processes.instances(welcome, { status: 'completed' })).toMatchObject([{ id: 'ada' }]);
  expect((await app.processes.load(welcome, 'ada')).state.id).toBe('ada');
});

test('health says which deadlines fail, without what was thrown', async ({ ownDatabase }) => {
  const bell = defineProcess({
    name: 'bell',
    events: [accountEvents],
    deadlines: ['ring'],
    retry: { firstDelayMs: 600_000, maxDelayMs: 600_000 },
    starts: ['account.opened'],
    correlate: { 'account.opened': ({ streamId }) => aggregateIdOf(streamId) },
    initialState: {},
    react: {
      'account.opened': (_state, _input, out) => out.schedule('ring', { afterMs: 0 }),
      deadline: () => {
        throw new Error('the secret of Ada');
      },
    },
  });
  await using app = await createApp({
    aggregates: [account],
    processes: [bell],
    database: { url: ownDatabase.connectionString },
    subscriptions: { onIncident: () => {} },
  });
  const failing = async () => (await app.status()).processes[0]!.failingDeadlines;
  const message = async () => (await app.health()).checks.find(({ kind }) => kind === 'process')!.message;
  await app.execute(account.command.open('ada', { owner: 'Ada' }));
  await until(async () => (await failing()).count === 1);
  expect((await failing()).first).toMatchObject({ id: 'ada', attempts: 1, failure: 'the secret of Ada' });
  expect(await message()).toMatch(
    /; deadline "ring" of instance "ada" has failed once; status\(\) has the reason$/,
  );
  await app.execute(account.command.open('bo', { owner: 'Bo' }));
  await until(async () => (await failing()).count === 2);
  expect(await message()).toMatch(/; 2 deadlines fail, the first one, "ring" of instance "ada", once so far/);
  expect((await app.health()).ready).toBe(true);
});

test('an operator sees how far instances are, and nothing of their data', async ({ logins }) => {
  await logins.migrate();
  const definitions = { aggregates: [account], processes: [welcome] } as const;
  await using owner = await createApp({ ...definitions, database: { url: logins.urlOf('owner') } });
  await logins.grant();
  const { token } = accepted(await owner.execute(account.command.open('eve', { owner: 'Eve' })));
  await owner.processes.whenEnded(welcome, 'eve');
  await using operator = await createApp({
    ...definitions,
    database: { url: logins.urlOf('operator') },
    subscriptions: { run: false },
  });
  await operator.processes.waitFor(welcome, token);
  await operator.processes.whenCaughtUp(welcome);
  await operator.processes.resume(welcome);
  expect(await operator.processes.status()).toMatchObject([
    { name: 'welcome', instances: [{ version: 1, status: 'completed', count: 1 }] },
  ]);
  expect((await operator.health()).checks).toContainEqual(
    expect.objectContaining({ kind: 'process', name: 'process welcome', ok: true }),
  );
  const reason = 'asked by Ada';
  const { processes } = operator;
  for (const [what, refused] of [
    ['instances', () => processes.instances(welcome)],
    ['load', () => processes.load(welcome, 'eve')],
    ['whenEnded', () => processes.whenEnded(welcome, 'eve')],
    ['cancel', () => processes.cancel(welcome, 'eve', { reason })],
    ['fork', () => processes.fork(welcome, 'eve', { reason, atVersion: 2, newId: 'eve-2' })],
  ] as const)
    expect(await failureOf(refused()), what).toMatchObject({
      code: 'MISSING_RIGHTS',
      message: expect.stringMatching(/^permission denied for /),
    });

  const read = async (columns: string, table: string) => {
    await using transaction = await beginTransaction(logins.urlOf('operator'));
    return (await transaction.client.query(`select ${columns} from leftfold.${table}`)).rows;
  };
  expect(
    await read('process, id, version, status, stream_version, started_at, updated_at', 'process_instances'),
  ).toMatchObject([{ process: 'welcome', id: 'eve', version: 1, status: 'completed' }]);
  await read('process, id, deadline, number, due_at, fire_at, attempts, fired_at', 'process_deadlines');
  for (const [table, column] of [
    ['process_instances', 'summary'],
    ['process_instances', 'failure'],
    ['process_instances', '*'],
    ['process_deadlines', 'metadata'],
    ['process_deadlines', '*'],
  ] as const)
    expect(await failureOf(read(column, table)), column).toMatchObject({
      code: '42501',
    });
});

test('a process has another name than each aggregate and reaction', async () => {
  const options = { database: { url: 'postgres://x' } } as const;
  const accounts = defineProcess({
    name: 'account',
    events: [welcome.published],
    starts: ['welcome.presented'],
    correlate: { 'welcome.presented': ({ streamId }) => aggregateIdOf(streamId) },
    initialState: {},
  });
  const reaction = defineReaction({
    name: 'welcome',
    events: [accountEvents],
    on: { 'account.opened': async () => {} },
  });
  const both = { aggregates: [account], processes: [accounts], ...options };
  expect(await failureOf(createApp(both))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(
    await failureOf(createApp({ processes: [welcome], reactions: [reaction], ...options })),
  ).toMatchObject({
    code: 'DUPLICATE_DEFINITION',
  });
  expect(await failureOf(createApp({ processes: [welcome, welcome], ...options }))).toMatchObject({
    code: 'DUPLICATE_DEFINITION',
    kind: 'process',
  });
});

/** Ends when it hears of a deposit. */
const waiting = (version: number) =>
  defineProcess({
    name: 'waiting',
    version,
    events: [accountEvents],
    messages: { 'bank.told': z.object({ cents: z.int() }) },
    starts: ['account.opened'],
    correlate: {
      'account.opened': ({ streamId }) => aggregateIdOf(streamId),
      'account.deposited': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: {},
    react: {
      'account.deposited': (_state, _input, out) => out.complete(),
      'bank.told': (_state, { data }, out) => (data.cents === 0 ? out.fail('nothing') : out.complete()),
    },
  });

const checkOf = async (app: Pick<App, 'health'>) =>
  (await app.health()).checks.find(({ kind }) => kind === 'process');

test('what the framework does to instances passes no middleware, and no client can do it', async ({
  ownDatabase,
}) => {
  const seen: string[] = [];
  await using app = await createApp({
    aggregates: [account],
    processes: [welcome],
    database: { url: ownDatabase.connectionString },
    commands: {
      middleware: [
        (execution, next) => {
          seen.push(execution.name);
          return next(execution);
        },
      ],
    },
  });
  await app.execute(account.command.open('ada', { owner: 'Ada' }));
  expect(await app.processes.whenEnded(welcome, 'ada')).toMatchObject({ status: 'completed' });
  expect(seen.toSorted()).toEqual(['account.close', 'account.deposit', 'account.open']);
  for (const name of ['record', 'fork', 'cancel', 'receive'])
    expect(() => app.parseCommand({ aggregate: 'welcome', id: 'ada', name, input: { reason: 'x' } })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_COMMAND' }),
    );
});

test('an app says which versions of its processes are missing, and which go on elsewhere', async ({
  ownDatabase,
}) => {
  const database = { url: ownDatabase.connectionString };
  const aggregates = [account] as const;
  const quiet = { onIncident: () => {}, leaseMs: 1_000 };
  const old = await createApp({ aggregates, processes: [waiting(1)], database, subscriptions: quiet });
  const { token } = accepted(await old.execute(account.command.open('ada', { owner: 'Ada' })));
  await old.processes.waitFor(waiting(1), token);
  await old.processes.whenCaughtUp(waiting(1));
  {
    await using both = await createApp({
      aggregates,
      processes: [waiting(1), waiting(2)],
      database,
      subscriptions: quiet,
    });
    await both.ready();
    await until(async () => (await checkOf(old))?.message.includes('version 2 of a newer release') === true);
    expect(await checkOf(old)).toMatchObject({ ok: true });
    expect(await checkOf(both)).toMatchObject({ ok: true });
  }
  await until(async () => (await checkOf(old))?.ok === false);
  expect((await checkOf(old))?.message).toContain('no process runs that');
  await old.close();
  await using fresh = await createApp({
    aggregates,
    processes: [waiting(2)],
    database,
    subscriptions: quiet,
  });
  const missing = await checkOf(fresh);
  expect(missing?.ok).toBe(false);
  expect(missing?.message).toContain('has version 1, and this app has 2 only');
  await expect(fresh.ready({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'NOT_READY' });
});

test('a message is executed as a command of the app', async ({ ownDatabase }) => {
  await using app = await createApp({
    aggregates: [account],
    processes: [waiting(1)],
    database: { url: ownDatabase.connectionString },
  });
  const { token } = accepted(await app.execute(account.command.open('ada', { owner: 'Ada' })));
  await app.processes.waitFor(waiting(1), token);
  accepted(await app.execute(waiting(1).message('bank.told', 'ada', { cents: 5 })));
  expect(await app.processes.whenEnded(waiting(1), 'ada')).toMatchObject({ status: 'completed' });
});
