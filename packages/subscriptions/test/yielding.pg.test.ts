import { performance } from 'node:perf_hooks';
import { expect, vi } from 'vitest';
import { test } from './engine-test.ts';
import { added, createRunner, recorder } from './recorder.ts';

const EVENTS = 5;
/** What the event loop is at work for between two looks, without a moment in which it is idle. */
const ACTIVE_MS = 300;

test('a handler that yields rests between two pages while the event loop is busy', async ({ store }) => {
  let active = 0;
  using _busy = vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => {
    active += ACTIVE_MS;
    return { active, idle: 0, utilization: 1 };
  });
  const { createHandler, ...plain } = recorder(store, 'recorder');
  const prepared: number[] = [];
  const yielding = {
    ...plain,
    createHandler: (...input: Parameters<typeof createHandler>) => {
      const handler = createHandler(...input);
      const prepare: typeof handler.prepare = (page) => {
        prepared.push(performance.now());
        return handler.prepare(page);
      };
      return { prepare, yields: true };
    },
  };
  await store.append(
    'counter-1',
    Array.from({ length: EVENTS }, () => added(1)),
  );
  await using runner = createRunner(store, [yielding], { batchSize: 1 });
  await runner.start();
  await runner.waitForPosition(yielding, EVENTS, { timeoutMs: 20_000 });
  const gaps = prepared.slice(1).map((at, index) => at - prepared[index]!);
  expect(gaps).toHaveLength(EVENTS - 1);
  // A timer may fire a little early.
  expect(Math.min(...gaps)).toBeGreaterThan((ACTIVE_MS * 2) / 3 - 5);
});
