import { defineEvents, defineTableProjection, tokenOf } from '@leftfold/core';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { type TestDatabase, until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createApp } from '../src/index.ts';

const payments = defineEvents('payment', { received: z.object({ cents: z.int() }) });
const received = (cents: number) => payments.create.received({ cents });

/** An amount that cannot be applied while `refuses` is true. */
const BAD = 13;
let refuses = true;

const common = {
  events: [payments],
  columns: { payer: 'text', cents: 'bigint' },
  initialRow: { cents: 0 },
} as const;

const totals = defineTableProjection({
  ...common,
  name: 'totals',
  key: ({ streamId }) => ({ payer: streamId }),
  onFailure: 'park',
  evolve: {
    'payment.received': (row, { data }) => {
      if (refuses && data.cents === BAD) throw new Error('refused');
      return { ...row, cents: row.cents + data.cents };
    },
  },
});
const copies = defineTableProjection({
  ...common,
  name: 'copies',
  key: ({ streamId }) => ({ payer: streamId }),
  evolve: { 'payment.received': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});

function startApp({ connectionString: url }: Pick<TestDatabase, 'connectionString'>, run = true) {
  return createApp({
    projections: [totals, copies],
    database: { url, maxConnections: 5 },
    subscriptions: { run, retry: { attempts: 1 }, onIncident: () => {} },
  });
}

type PaymentsApp = Awaited<ReturnType<typeof startApp>>;

const test = databaseTest().extend('app', async ({ ownDatabase }, fixture) => {
  refuses = true;
  return disposeAfter(fixture, await startApp(ownDatabase));
});

/** Parks the key of Ada, and applies an event of Bob afterwards. */
async function park(app: PaymentsApp): Promise<void> {
  await app.store.append('payment-ada', [received(BAD)]);
  await app.store.append('payment-bob', [received(1)]);
  await app.projections.whenCaughtUp(totals);
}

const patient = { timeoutMs: 20_000 } as const;
const carefully = { ...patient, consistency: 'strong', ifParked: 'fail' } as const;
const keysParked = (keys: number) => ({
  code: 'KEYS_PARKED',
  kind: 'projection',
  subscription: 'totals',
  parkedKeys: keys,
  message: expect.stringMatching(/parked\.resume\(\).*parked\.giveUp\(\)/),
});

/** Calls back once, before the app sends a statement with this text. */
function before(app: PaymentsApp, text: string, action: () => Promise<void>): void {
  let called = false;
  app.store.pool.on('acquire', (client) => {
    const query = client.query.bind(client);
    client.query = (async (...input: Parameters<typeof query>) => {
      if (!called && JSON.stringify(input).includes(text)) {
        called = true;
        await action();
      }
      return query(...input);
    }) as typeof client.query;
  });
}

describe('a read of a projection with parked keys', () => {
  test('leaves their events out in silence, unless it asks to fail', async ({ app }) => {
    guarantee('parked-reads');
    await app.store.append('payment-ada', [received(5)]);
    await park(app);
    const rows = [
      { payer: 'payment-ada', cents: 5 },
      { payer: 'payment-bob', cents: 1 },
    ];
    const query = (options: object) =>
      app
        .query(totals, { ...patient, ...options })
        .orderBy('payer')
        .execute();
    const ignoring = [{}, { ifParked: 'ignore' }, { consistency: 'strong' }] as const;
    for (const options of ignoring) expect(await query(options)).toEqual(rows);
    const { events } = await app.store.append('payment-cleo', [received(2)]);
    const atLeast = tokenOf(events.at(-1));
    for (const options of [{}, { consistency: 'strong' }, { atLeast }])
      expect(await failureOf(query({ ...options, ifParked: 'fail' }))).toMatchObject(keysParked(1));
    const streaming = app.query(totals, carefully).stream()[Symbol.asyncIterator]();
    expect(await failureOf(streaming.next())).toMatchObject(keysParked(1));
  });

  test('of several projections in one snapshot names the one that has them', async ({ app }) => {
    guarantee('parked-reads');
    await park(app);
    const count = () =>
      app.read([copies, totals], carefully, async (db) => db.selectFrom('totals').selectAll().execute());
    expect(await failureOf(count())).toMatchObject(keysParked(1));
    const ofCopies = app.read([copies], carefully, async (db) =>
      db.selectFrom('copies').select('cents').orderBy('payer').execute(),
    );
    expect(await ofCopies).toEqual([{ cents: BAD }, { cents: 1 }]);
  });

  test('succeeds when the keys are resumed, or their events given up', async ({ app }) => {
    guarantee('parked-reads');
    await park(app);
    await app.store.append('payment-cleo', [received(BAD)]);
    await app.projections.whenCaughtUp(totals);
    const sums = () => app.query(totals, carefully).orderBy('payer').select('payer').execute();
    expect(await failureOf(sums())).toMatchObject(keysParked(2));
    await app.projections.parked.giveUp(totals, 'payment-cleo', { by: 'ada', reason: 'a test' });
    refuses = false;
    await app.projections.parked.resume(totals, 'payment-ada');
    await until(async () => (await app.projections.parked.list(totals)).length === 0);
    expect(await sums()).toMatchObject([{ payer: 'payment-ada', cents: BAD }, { payer: 'payment-bob' }]);
  });
});

describe('a read that fails when keys are parked', () => {
  test('fails when one is parked after its wait and before its snapshot', async ({ app, ownDatabase }) => {
    guarantee('parked-reads');
    await using asking = await startApp(ownDatabase, false);
    await app.store.append('payment-ada', [received(5)]);
    await app.projections.whenCaughtUp(totals);
    before(asking, 'lock table', () => park(app));
    expect(await failureOf(asking.query(totals, carefully).execute())).toMatchObject(keysParked(1));
  });

  test('reads what was there before a key was parked after its snapshot', async ({ app, ownDatabase }) => {
    guarantee('parked-reads');
    await using asking = await startApp(ownDatabase, false);
    await app.store.append('payment-ada', [received(5)]);
    await app.projections.whenCaughtUp(totals);
    before(asking, 'payment-zoe', () => park(app));
    const rows = asking.query(totals, carefully).where('payer', '<', 'payment-zoe').execute();
    expect(await rows).toEqual([{ payer: 'payment-ada', cents: 5 }]);
  });
});
