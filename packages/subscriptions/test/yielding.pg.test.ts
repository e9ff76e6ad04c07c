import { performance } from 'node:perf_hooks';
import type { PostgresEventStore } from '@leftfold/event-store';
import { Gate } from '@leftfold/testbed/waiting';
import { expect, vi } from 'vitest';
import { test } from './engine-test.ts';
import { added, createRunner, recorder } from './recorder.ts';

const EVENTS = 5;
/** What is as near to the end of the log does not rest. */
const HURRIED_EVENTS = 10_000;
/** What the event loop is at work for between two looks, without a moment in which it is idle. */
const ACTIVE_MS = 300;

/** An event loop that is never idle. */
function busy(activeMs: number) {
  let active = 0;
  return vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => {
    active += activeMs;
    return { active, idle: 0, utilization: 1 };
  });
}

/** @returns a recorder that yields, and when it prepared each page */
function yielding(store: PostgresEventStore) {
  const { createHandler, ...plain } = recorder(store, 'recorder');
  const prepared: number[] = [];
  const definition = {
    ...plain,
    createHandler: (...input: Parameters<typeof createHandler>) => {
      const handler = createHandler(...input);
      const prepare: typeof handler.prepare = (page) => {
        prepared.push(performance.now());
        return handler.prepare(page);
      };
      return { ...handler, prepare, yields: true, waitsForDatabaseOnly: true };
    },
  };
  return { definition, prepared };
}

const append = (store: PostgresEventStore, count: number) =>
  store.append(
    'counter-1',
    Array.from({ length: count }, () => added(1)),
  );

/** @returns the milliseconds between pages, the first of which is the second one */
async function gapsBetweenPages(store: PostgresEventStore): Promise<readonly number[]> {
  using _busy = busy(ACTIVE_MS);
  const { definition, prepared } = yielding(store);
  await append(store, EVENTS + 1);
  for (let n = 0; n < HURRIED_EVENTS; n += 1_000) await append(store, 1_000);
  await using runner = createRunner(store, [definition], { batchSize: 1 });
  await runner.start();
  await runner.waitForPosition(definition, EVENTS, { timeoutMs: 20_000 });
  const gaps = prepared.slice(1, EVENTS).map((at, index) => at - prepared[index]!);
  expect(gaps).toHaveLength(EVENTS - 1);
  return gaps;
}

test('a handler that yields rests between two pages while the event loop is busy and others have a connection', async ({
  store,
}) => {
  const gate = new Gate();
  const command = store.inTransaction(() => gate.pass());
  const gaps = await gapsBetweenPages(store).finally(() => gate.open());
  await command;
  // A timer may fire a little early.
  expect(Math.min(...gaps)).toBeGreaterThan((ACTIVE_MS * 2) / 3 - 5);
});

test('a handler that yields does not rest while only it has connections', async ({ store }) => {
  const gaps = await gapsBetweenPages(store);
  expect(Math.min(...gaps)).toBeLessThan(ACTIVE_MS / 3);
});

test('near the end of the log it does not rest', async ({ store }) => {
  using _busy = busy(1_000_000);
  const { definition } = yielding(store);
  await append(store, EVENTS);
  await using runner = createRunner(store, [definition], { batchSize: 1 });
  await runner.start();
  await runner.waitForPosition(definition, EVENTS, { timeoutMs: 20_000 });
});
