import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TransportUnavailableError } from '@leftfold/core';
import { type ConsumerDefinitionOptions, defineRelay, type Transport } from '@leftfold/messaging';
import { postgresQueue } from '@leftfold/messaging-postgres';
import { openPool } from '@leftfold/postgres';
import { account, accountEvents, balances } from '@leftfold/testbed/bank';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { accepted, type AppIncident, createApp } from '../src/index.ts';
import { bonus, headOffice, openings } from './openings.ts';

const test = databaseTest()
  .extend('logins', async ({ ownDatabase }, fixture) =>
    disposeAfter(fixture, await createRoleLogins(ownDatabase)),
  )
  // The branch, whose database has its log and the queue.
  .extend('branch', async ({ database }, fixture) => {
    branches += 1;
    const queue = `openings ${branches}`;
    const url = database.connectionString;
    const relay = defineRelay({
      name: 'openings-out',
      source: '/branch/openings',
      events: [accountEvents],
      publishes: [openings],
      map: {
        'account.opened': ({ streamId, data }) =>
          openings.create.opened({ of: streamId.slice('account-'.length), owner: data.owner }),
      },
      transport: postgresQueue({ url, queue, consumers: ['head-office'] }),
    });
    const schema = `branch_${branches}`;
    const app = await createApp({ schema, aggregates: [account], relays: [relay], database: { url } });
    disposeAfter(fixture, app);
    /** A consumer of its messages. */
    const consumer = (options: Partial<ConsumerDefinitionOptions<[typeof openings]>>) =>
      headOffice({ url, queue }, options);
    const open = async (id: string) =>
      accepted(await app.execute(account.command.open(id, { owner: 'Ada' })));
    return { app, consumer, open, queue: { url, queue } };
  });
let branches = 0;

const at = (id: string) => ({ key: `account-${id}` });

describe('the consumers of an app', () => {
  test('execute commands, with the rights of the script, and queries see them', async ({
    branch,
    logins,
    ownPool,
  }) => {
    guarantee('read-across-services');
    const consumer = branch.consumer({ commands: { 'openings.opened': bonus } });
    const definitions = { aggregates: [account], projections: [balances], consumers: [consumer] };
    await logins.migrate({ projections: [balances] });
    const migrating = { url: logins.urlOf('owner') };
    await (await createApp({ ...definitions, database: migrating, subscriptions: { run: false } })).close();
    await logins.grant({ projections: [balances] });
    await using running = await createApp({ ...definitions, database: { url: logins.urlOf('process') } });
    await using reading = await createApp({
      ...definitions,
      database: { url: logins.urlOf('app') },
      subscriptions: { run: false },
    });
    await running.ready();
    for (const id of ['ada', 'grace', 'barbara']) {
      const { token } = await branch.open(id);
      await reading.consumers.waitFor(consumer, { ...at(id), token });
      const row = await reading
        .query(balances, { consistency: 'strong' })
        .where('account_id', '=', `account-${id}`)
        .executeTakeFirst();
      expect(row).toMatchObject({ cents: 500 });
    }
    expect((await running.status()).consumers).toMatchObject([{ name: 'head-office', state: 'connected' }]);
    expect(await reading.consumers.status()).toMatchObject([{ name: 'head-office', state: 'created' }]);
    expect((await running.health()).checks).toContainEqual({
      kind: 'consumer',
      name: 'consumer head-office',
      ok: true,
      message: 'it receives messages',
    });
    expect(await reading.consumers.parked(consumer).list()).toEqual([]);
    const { rows } = await ownPool.query<{ role: string }>(
      `select role from unnest($1::text[]) as role
        where has_schema_privilege(role, 'leftfold_inbox', 'usage')
           or has_table_privilege(role, 'leftfold_inbox.inbox', 'select,insert,update,delete')
           or has_table_privilege(role, 'leftfold_inbox.inbox_messages', 'select,insert,update,delete')
           or exists (select from pg_proc where pronamespace = 'leftfold_inbox'::regnamespace
                                            and has_function_privilege(role, oid, 'execute'))`,
      [Object.values(logins.roles)],
    );
    expect(rows.map(({ role }) => role).toSorted()).toEqual(
      [logins.roles.app, logins.roles.owner].toSorted(),
    );
  });

  test('execute each command once when the connection is lost after it', async ({
    branch,
    ownDatabase,
    ownPool,
  }) => {
    guarantee('commands-of-messages-once');
    const duplicates: boolean[] = [];
    const consumer = branch.consumer({
      onIncident: () => {},
      on: {
        'openings.opened': async (message, { tx, execute }) => {
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
          for (const command of bonus(message)) duplicates.push(accepted(await execute(command)).duplicate);
          if (duplicates.length === 2) await ownPool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        },
      },
    });
    await using app = await createApp({
      schema: 'a_schema_of_25_characters',
      aggregates: [account],
      consumers: [consumer],
      database: { url: ownDatabase.connectionString },
    });
    const { token } = await branch.open('ada');
    await app.consumers.waitFor(consumer, { ...at('ada'), token }, { timeoutMs: 20_000 });
    expect(duplicates).toEqual([false, false, true, true]);
    expect((await app.load(account, 'ada')).state).toMatchObject({ cents: 500 });
  });

  test('execute each command once when the process is killed after it', async ({ branch, ownDatabase }) => {
    guarantee('commands-of-messages-once');
    const url = ownDatabase.connectionString;
    const worker = spawn(
      process.execPath,
      [...typescriptFlags, fileURLToPath(new URL('consumer-worker.ts', import.meta.url))],
      {
        env: {
          ...process.env,
          WORKER_DATABASE: url,
          QUEUE_DATABASE: branch.queue.url,
          QUEUE: branch.queue.queue,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    onTestFinished(() => killProcess(worker));
    const { token } = await branch.open('ada');
    expect(await once(worker, 'exit')).toEqual([null, 'SIGKILL']);
    const duplicates: boolean[] = [];
    const consumer = branch.consumer({
      on: {
        'openings.opened': async (message, { execute }) => {
          for (const command of bonus(message)) duplicates.push(accepted(await execute(command)).duplicate);
        },
      },
    });
    await using app = await createApp({ aggregates: [account], consumers: [consumer], database: { url } });
    await app.consumers.waitFor(consumer, { ...at('ada'), token }, { timeoutMs: 20_000 });
    expect(duplicates).toEqual([true, true]);
    expect((await app.load(account, 'ada')).state).toMatchObject({ cents: 500 });
  });

  test('share a pool that is given, and are refused on one that is too small', async ({
    branch,
    ownDatabase,
  }) => {
    const consumer = branch.consumer({ commands: { 'openings.opened': bonus } });
    const { connectionString } = ownDatabase;
    const options = { aggregates: [account], consumers: [consumer] };
    const four = openPool({ connectionString, maxConnections: 4 });
    {
      await using app = await createApp({ ...options, database: { pool: four.pool } });
      const opened = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => branch.open(id)));
      for (const { events, token } of opened) {
        const place = { key: events[0]!.streamId, token };
        await app.consumers.waitFor(consumer, place, { timeoutMs: 20_000 });
      }
      expect((await app.load(account, 'f')).state).toMatchObject({ cents: 500 });
    }
    await four.end(1_000, []);
    const three = openPool({ connectionString, maxConnections: 3 });
    expect(await failureOf(createApp({ ...options, database: { pool: three.pool } }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has 3 connections, too few for 1 consumers') as string,
    });
    await three.end(1_000, []);
  });

  test('make an app that stopped at a message not ready, until it is resumed', async ({
    branch,
    ownDatabase,
  }) => {
    let broken = true;
    const consumer = branch.consumer({
      onFailure: 'stop',
      onIncident: () => {},
      retry: { attempts: 1 },
      commands: {
        'openings.opened': (message) => {
          if (broken) throw new Error('broken');
          return bonus(message);
        },
      },
    });
    await using app = await createApp({
      aggregates: [account],
      consumers: [consumer],
      database: { url: ownDatabase.connectionString },
    });
    const { token } = await branch.open('ada');
    await until(async () => !(await app.health()).ready);
    expect((await app.health()).checks).toContainEqual({
      kind: 'consumer',
      name: 'consumer head-office',
      ok: false,
      message: expect.stringContaining('it stopped at a message') as string,
    });
    expect(await failureOf(app.ready({ timeoutMs: 10 }))).toMatchObject({
      code: 'NOT_READY',
      message: expect.stringContaining('consumer head-office: it stopped') as string,
    });
    const parked = app.consumers.parked(consumer);
    expect(await parked.list()).toHaveLength(1);
    broken = false;
    await app.consumers.resume(consumer);
    await app.consumers.waitFor(consumer, { ...at('ada'), token });
    expect(await parked.list()).toEqual([]);
    await app.ready();
  });

  test('make an app not ready while their broker is away, and unhealthy when that lasts', async ({
    branch,
    ownDatabase,
  }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    onTestFinished(() => void vi.useRealTimers());
    const queue = branch.consumer({ commands: { 'openings.opened': bonus } });
    let away = true;
    const transport: Transport = {
      ...queue.transport,
      openReceiver: async (options) => {
        if (away) throw new TransportUnavailableError('queue', 'nothing answers');
        return queue.transport.openReceiver(options);
      },
    };
    const options = { onIncident: () => {}, commands: { 'openings.opened': bonus } };
    const consumer = branch.consumer({ ...options, transport });
    await using app = await createApp({
      aggregates: [account],
      consumers: [consumer],
      database: { url: ownDatabase.connectionString },
    });
    expect(await failureOf(app.ready({ timeoutMs: 10 }))).toMatchObject({
      code: 'NOT_READY',
      message: expect.stringContaining('consumer head-office: it waits for the transport: ') as string,
    });
    expect(await app.health()).toMatchObject({ live: true, ready: true });
    vi.setSystemTime(Date.now() + 11_000);
    expect((await app.health()).checks).toContainEqual({
      kind: 'consumer',
      name: 'consumer head-office',
      ok: false,
      message: expect.stringContaining('nothing answers') as string,
    });
    away = false;
    await app.ready();
    expect((await app.health()).ready).toBe(true);
  });

  test('tell incidents to the app as well as to their definition', async ({ branch, ownDatabase }) => {
    const incidents: AppIncident[] = [];
    const own: unknown[] = [];
    const failing = {
      retry: { attempts: 1 },
      commands: {
        'openings.opened': () => {
          throw new Error('no room');
        },
      },
    };
    const first = branch.consumer({ ...failing, onIncident: ({ error }) => own.push(error) });
    const second = branch.consumer({ ...failing, name: 'archive' });
    await using app = await createApp({
      aggregates: [account],
      consumers: [first, second],
      database: { url: ownDatabase.connectionString },
      subscriptions: { onIncident: (incident) => void incidents.push(incident) },
    });
    await branch.open('ada');
    await until(() => incidents.length === 2);
    const parked = { subscription: undefined, error: { code: 'MESSAGE_PARKED' }, stopped: false };
    expect(incidents.toSorted((one, other) => (one.consumer! < other.consumer! ? -1 : 1))).toMatchObject([
      { ...parked, consumer: 'archive' },
      { ...parked, consumer: 'head-office' },
    ]);
    expect(own).toEqual([incidents.find(({ consumer }) => consumer === 'head-office')?.error]);
    expect((await app.health()).checks).toContainEqual({
      kind: 'consumer',
      name: 'consumer archive',
      ok: true,
      message: 'it receives messages; 1 keys are parked',
    });
  });

  test('have different names', async ({ branch }) => {
    const consumer = branch.consumer({ commands: { 'openings.opened': bonus } });
    const consumers = [consumer, branch.consumer({ on: { 'openings.opened': async () => {} } })];
    const database = { url: 'postgres://127.0.0.1:1/none' };
    expect(await failureOf(createApp({ consumers, database }))).toMatchObject({
      code: 'DUPLICATE_DEFINITION',
    });
    expect(
      await failureOf(createApp({ consumers: [{ ...consumer, kind: 'relay' } as never], database })),
    ).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
