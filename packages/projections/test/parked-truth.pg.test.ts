import { failureOf } from '@leftfold/testbed/outcome';
import { type TestDatabase, until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { explainRow, ProjectionAudit } from '../src/index.ts';
import { accept, payments, received, refuse, totals } from './payments.ts';
import { createTestRunner, freshStore } from './runner.ts';
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

  test('verify says that later events are not compared, and reports no incident of its own', async ({
    database,
  }) => {
    await using parked = await startParked(database);
    const { store, runner } = parked;

    const incidents: unknown[] = [];
    await using audit = new ProjectionAudit({
      store,
      runner,
      onIncident: ({ error }) => incidents.push(error),
    });
    const found = await audit.verify(totals);
    expect(found).toMatchObject({ equal: true, parkedKeys: 1 });
    expect(found.message).toMatch(
      /are as the events make them; 1 key is parked, so that later events of it are not compared/,
    );
    expect(incidents).toEqual([]);
  });
});
