import { tracingChannel } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { killBackends, TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionDefinition, SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, freshStore, openStore, recorder } from './recorder.ts';

const waiting = { timeoutMs: 20_000 };

describe('a state of the database that passes does not stop a subscription', () => {
  test('connections that break while a handler works', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema });
    const asking = recorder(store, 'recorder', {
      onEvent: (_event, tx) => sql`select 'asked by the handler'`.execute(tx),
    });
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [asking], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    let lost = proxy.loseAnswerTo('asked by the handler');
    await direct.append('counter-1', [added(1)]);
    // More often than an event that fails is tried. All other connections go on, so that nothing else is noticed.
    for (let cuts = 0; cuts < 8; cuts += 1) {
      await lost;
      if (cuts < 7) lost = proxy.loseAnswerTo('asked by the handler');
    }
    await createRunner(direct, [asking]).waitForPosition(asking, 1, waiting);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
    expect(await entriesOf(direct, 'recorder')).toHaveLength(1);
  });

  test('connections that cannot be made for a moment, before each batch', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema });
    const plain = recorder(store, 'recorder');
    let outages = 0;
    const cutOff: SubscriptionDefinition = {
      ...plain,
      createHandler: (term) => {
        const handler = plain.createHandler(term);
        return {
          prepare: async (page) => {
            const batch = await handler.prepare(page);
            const write = async () => {
              if (outages === 8) return batch.write();
              outages += 1;
              await proxy.cut();
              try {
                return await batch.write();
              } finally {
                await proxy.restore();
              }
            };
            return { ...batch, write };
          },
        };
      },
    };
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [cutOff], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await createRunner(direct, [cutOff]).waitForPosition(cutOff, 1, waiting);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
    expect(await entriesOf(direct, 'recorder')).toHaveLength(1);
  });

  test.for(['lock_timeout', 'statement_timeout'])(
    'a lock held for longer than %s',
    async (setting, { connectionString, adminStore: direct }) => {
      const url = new URL(connectionString);
      url.searchParams.set('options', `-c ${setting}=200`);
      await using store = openStore(url.href, { schema: direct.schema });
      const subscription = recorder(store, 'recorder');
      const incidents: SubscriptionIncident[] = [];
      await using runner = createRunner(store, [subscription], {
        onIncident: (incident) => incidents.push(incident),
      });
      await runner.start();
      await direct.inTransaction(async ({ tx }) => {
        await sql`lock table ${sql.id(direct.schema, 'entries')} in access exclusive mode`.execute(tx);
        for (let n = 0; n < 10; n += 1) await direct.append('counter-1', [added(1)]);
        await until(() => incidents.length >= 6);
      });
      await runner.waitForPosition(subscription, 10, waiting);
      expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
    },
  );

  test('an isolation level of the role that the log cannot be used with', async ({
    connectionString,
    adminStore: direct,
  }) => {
    await using store = openStore(connectionString, { schema: direct.schema });
    const subscription = recorder(store, 'recorder');
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [subscription], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    const others = `pid <> pg_backend_pid()`;
    const database = sql.id(
      (await sql<{ name: string }>`select current_database() as name`.execute(direct.db)).rows[0]!.name,
    );
    try {
      await sql`alter database ${database} set default_transaction_isolation = 'repeatable read'`.execute(
        direct.db,
      );
      await killBackends(direct.pool, others);
      const told = () =>
        incidents.filter(
          ({ error }) => error instanceof Error && 'code' in error && error.code === 'WRONG_ISOLATION_LEVEL',
        );
      await until(() => told().length >= 6);
    } finally {
      await sql`alter database ${database} reset default_transaction_isolation`.execute(direct.db);
      await killBackends(direct.pool, others);
    }
    await direct.append('counter-1', [added(1)]);
    await runner.waitForPosition(subscription, 2, waiting);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
  });

  test('after an outage it goes on as soon as the database answers', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema });
    const subscription = recorder(store, 'recorder');
    const retry = { attempts: 3, firstDelayMs: 2_000, maxDelayMs: 2_000 };
    let incidents = 0;
    await using runner = createRunner(store, [subscription], { retry, onIncident: () => (incidents += 1) });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    await proxy.cut();
    const before = incidents;
    await until(() => incidents > before + 1);
    await proxy.restore();
    const { position } = await direct.append('counter-1', [added(1)]);
    const began = performance.now();
    await createRunner(direct, [subscription]).waitForPosition(subscription, position, waiting);
    // One delay until the checkpoint is read, and no further one.
    expect(performance.now() - began).toBeLessThan(3_700);
  });
});

describe('what an operator reads', () => {
  test('after an outage while no event waits, nothing is said to be tried again', async ({
    connectionString,
  }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema });
    const subscription = recorder(store, 'recorder');
    let failed = 0;
    await using runner = createRunner(store, [subscription], {
      retry: { attempts: 3, firstDelayMs: 20, maxDelayMs: 50 },
      onIncident: (incident) => {
        if (incident.subscription !== undefined) failed += 1;
      },
    });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    await proxy.cut();
    await until(() => failed > 1);
    await proxy.restore();
    await until(
      async () => {
        const [status] = await runner.status().catch(() => []);
        return status?.state === 'running' && status.retrying === undefined;
      },
      { timeoutMs: 20_000 },
    );
  });

  test('a handler that is idle for too long is told which limit it exceeded', async ({ store }) => {
    const gate = new Gate();
    const incidents: SubscriptionIncident[] = [];
    const idle = recorder(store, 'recorder', {
      onEvent: async (_event, tx) => {
        await gate.pass();
        await sql`select 1`.execute(tx);
      },
    });
    await using runner = createRunner(store, [idle], {
      leaseMs: 300,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    await store.db
      .transaction()
      .execute((tx) => sql`lock table ${sql.id(store.schema, 'entries')} in share mode`.execute(tx));
    gate.open();
    await runner.whenCaughtUp(idle);
    expect(String(incidents[0]?.error)).toMatch(/leaseMs: 300/);
  });

  test('a batch that cannot be prepared is published with its error', async ({ store }) => {
    const subscription = recorder(store, 'recorder');
    const unprepared = {
      ...subscription,
      createHandler: () => ({ prepare: () => Promise.reject(new Error('not prepared')) }),
    };
    const channel = tracingChannel('leftfold:subscription.batch');
    const errors: unknown[] = [];
    const ignore = () => {};
    const listeners = {
      start: ignore,
      end: ignore,
      asyncStart: ignore,
      asyncEnd: ignore,
      error: (message: object) => 'error' in message && errors.push(String(message.error)),
    };
    channel.subscribe(listeners);
    await using runner = createRunner(store, [unprepared], { retry: { attempts: 1 } });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    expect(await failureOf(runner.waitForPosition(subscription, 1))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
    });
    channel.unsubscribe(listeners);
    expect(errors).toContain('Error: not prepared');
  });

  test('a stopped runner knows what was reached', async ({ store }) => {
    const subscription = recorder(store, 'recorder');
    const runner = createRunner(store, [subscription]);
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    await runner.stop();
    await runner.waitForPosition(subscription, 1);
    expect(await failureOf(runner.waitForPosition(subscription, 2))).toMatchObject({ code: 'CLOSED' });
  });

  test('a callback that throws or rejects becomes a warning', async ({ store }) => {
    const warned: string[] = [];
    const onWarning = (warning: Error) => warned.push(warning.message);
    process.on('warning', onWarning);
    let calls = 0;
    const rejecting = (): unknown => {
      calls += 1;
      if (calls === 1) throw new Error('callback');
      return delay(0).then(() => Promise.reject(new Error('callback')));
    };
    const failing = recorder(store, 'recorder', { onEvent: () => Promise.reject(new Error('handler')) });
    await using runner = createRunner(store, [failing], {
      onIncident: rejecting,
    });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await until(() => warned.filter((message) => message === 'callback').length >= 2);
    process.off('warning', onWarning);
  });
});
