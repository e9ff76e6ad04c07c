import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { type TestDatabase, until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { explainRow, ProjectionAudit } from '../src/index.ts';
import { accept, payments, received, refuse, totals } from './payments.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';
import { test } from './runner-test.ts';

const key = { payer: 'payment-ada' };

/** The second of three events of a row, and so the third, is set aside. */
async function startParked(database: TestDatabase) {
  refuse(13);
  const store = await freshStore(database, { events: [payments] });
  const runner = createTestRunner(store, [totals]);
  await runner.start();
  await store.append('payment-ada', [received(5), received(13), received(2)]);
  await runner.whenCaughtUp(totals);
  const close = async () => {
    await runner.stop();
    await store.close();
  };
  return { store, runner, [Symbol.asyncDispose]: close };
}

describe('of a row whose key is parked', () => {
  test('the explanation fails at the event, and leaves it out once it is given up', async ({ database }) => {
    await using parked = await startParked(database);
    const { store, runner } = parked;

    expect(await failureOf(explainRow(store, totals, key))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      eventType: 'payment.received',
      position: expect.any(Number),
      cause: expect.objectContaining({ message: '13 is refused' }),
      message: expect.stringMatching(
        /^replay of projection "totals" stopped at event "payment\.received", position \d+: 13 is refused/,
      ),
    });

    const position = (await runner.parked.list(totals))[0]!.failure.position;
    await runner.parked.giveUp(totals, 'payment-ada', { by: 'ada', reason: 'a test', upTo: position });
    await until(async () => (await runner.status())[0]?.parked.keys === 0);
    accept();
    const explained = await explainRow(store, totals, key);
    expect(explained.row).toEqual({ payer: 'payment-ada', cents: 7 });
    expect(explained.eventCount).toBe(2);
    expect(explained.givenUp).toEqual([position]);
    const before = await explainRow(store, totals, key, { atPosition: position - 1 });
    expect(before.givenUp).toEqual([]);
  });

  test('verify says what lacks its events, and reports no incident of its own', async ({ database }) => {
    await using parked = await startParked(database);
    const { store, runner } = parked;

    const incidents: unknown[] = [];
    await using audit = new ProjectionAudit({
      store,
      runner,
      onIncident: ({ error }) => incidents.push(error),
    });
    const found = await audit.verify(totals);
    expect(found).toMatchObject({ equal: true, parkedKeys: 1, replayParkedKeys: 1 });
    expect(found.message).toMatch(
      /are as the events make them; 1 key is parked, and what serves lacks events of them.*; 1 key is parked in the replay/,
    );
    expect(incidents).toEqual([]);
    await using past = await audit.asOf(totals, { position: 3 });
    expect(past.parkedKeys).toBe(1);
    expect(await past.query().execute()).toEqual([{ payer: 'payment-ada', cents: 5 }]);
  });

  test('a repair is refused, since its events are still to be applied', async ({ database }) => {
    guarantee('repair');
    await using parked = await startParked(database);
    const { store, runner } = parked;
    await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
    accept(); // a release that can apply them
    expect(await audit.verify(totals)).toMatchObject({ different: 1, parkedKeys: 1, replayParkedKeys: 0 });
    expect(await failureOf(audit.repair(totals))).toMatchObject({
      code: 'REPAIR_REFUSED',
      message: expect.stringContaining('keys of it are parked, such as "payment-ada"'),
    });
    await runner.parked.resume(totals, 'payment-ada');
    await until(async () => (await runner.status())[0]?.parked.keys === 0);
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 20 }]);
    expect(await audit.repair(totals)).toMatchObject({ repaired: 0 });
  });
});

test('a repair by a process that cannot apply what serves has applied is refused', async ({ database }) => {
  guarantee('repair');
  await using store = await freshStore(database, { events: [payments] });
  await using runner = createTestRunner(store, [totals]);
  await runner.start();
  await store.append('payment-ada', [received(5), received(13)]);
  await runner.whenCaughtUp(totals);
  refuse(13);
  await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
  expect(await audit.verify(totals)).toMatchObject({ different: 1, parkedKeys: 0, replayParkedKeys: 1 });
  expect(await failureOf(audit.repair(totals))).toMatchObject({
    code: 'REPAIR_REFUSED',
    message: expect.stringContaining('this process cannot apply events that what serves has applied'),
  });
  expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 18 }]);
});

test('what is given up while the log is replayed is no fault of the projection, and not repaired', async ({
  database,
}) => {
  guarantee('repair');
  for (const call of ['verify', 'repair'] as const) {
    await using parked = await startParked(database);
    const { store, runner } = parked;
    await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
    accept();
    // Asked for before the replay is begun, and again when it is.
    const mark = store.highWaterMark.bind(store);
    let asked = 0;
    store.highWaterMark = async (from) => {
      asked += 1;
      if (asked === 2) {
        await runner.parked.giveUp(totals, 'payment-ada', { by: 'ada', reason: 'a test' });
        await until(async () => (await runner.status())[0]?.parked.keys === 0);
      }
      return mark(from);
    };
    if (call === 'repair')
      expect(await failureOf(audit.repair(totals))).toMatchObject({
        code: 'REPAIR_REFUSED',
        message: expect.stringContaining('events were given up meanwhile'),
      });
    else {
      const found = await audit.verify(totals);
      expect(found).toMatchObject({ different: 1, givenUpMeanwhile: true, betweenReplays: undefined });
      expect(found.message).toContain('; events were given up meanwhile: verify again');
    }
    store.highWaterMark = mark;
    expect(await audit.verify(totals)).toMatchObject({ equal: true, givenUpMeanwhile: false });
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 5 }]);
  }
});
