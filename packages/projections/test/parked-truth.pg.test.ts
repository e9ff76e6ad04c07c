import { defineEvents, defineTableProjection } from '@leftfold/core';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { explainRow, ProjectionAudit } from '../src/index.ts';
import { createTestRunner, freshStore } from './runner.ts';
import { test } from './runner-test.ts';

const payments = defineEvents('payment', { received: z.object({ cents: z.int() }) });
const received = (cents: number) => payments.create.received({ cents });

let refused: number | undefined;

const totals = defineTableProjection({
  name: 'totals',
  events: [payments],
  columns: { payer: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ payer: streamId }),
  initialRow: { cents: 0 },
  onFailure: 'park',
  evolve: {
    'payment.received': (row, { data }) => {
      if (data.cents === refused) throw new Error('the amount is refused');
      return { ...row, cents: row.cents + data.cents };
    },
  },
});
const key = { payer: 'payment-ada' };

describe('of a row whose key is parked', () => {
  test('the explanation fails at the event, and leaves it out once it is given up', async ({ database }) => {
    refused = 13;
    onTestFinished(() => {
      refused = undefined;
    });
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(5), received(13), received(2)]);
    await runner.whenCaughtUp(totals);

    expect(await failureOf(explainRow(store, totals, key))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      eventType: 'payment.received',
      position: expect.any(Number),
      cause: expect.objectContaining({ message: 'the amount is refused' }),
      message: expect.stringMatching(
        /^replay of projection "totals" stopped at event "payment\.received", position \d+: the amount is refused/,
      ),
    });

    const position = (await runner.parked.list(totals))[0]!.failure.position;
    await runner.parked.giveUp(totals, 'payment-ada', { by: 'ada', reason: 'a test', upTo: position });
    await until(async () => (await runner.status())[0]?.parked.keys === 0);
    refused = undefined;
    const explained = await explainRow(store, totals, key);
    expect(explained.row).toEqual({ payer: 'payment-ada', cents: 7 });
    expect(explained.eventCount).toBe(2);
  });

  test('verify says that later events are not compared, and reports no incident of its own', async ({
    database,
  }) => {
    refused = 13;
    onTestFinished(() => {
      refused = undefined;
    });
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(5), received(13), received(2)]);
    await runner.whenCaughtUp(totals);

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
