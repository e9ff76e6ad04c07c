import { setImmediate } from 'node:timers/promises';
import { guarantee } from '@leftfold/testbed/guarantees';
import type { CompiledQuery, Transaction } from 'kysely';
import { expect, test } from 'vitest';
import type { RecordedEvent } from '../event/event.ts';
import { type HandlerResult, runHandlers, type HandlerStatement } from './handlers.ts';

// Without a database: these tests are about the order of statements and the event of a failure.
const tx = {} as unknown as Transaction<unknown>;
const eventAt = (position: number) => ({ position }) as unknown as RecordedEvent;
const compiled = (sql: string) => ({ sql }) as unknown as CompiledQuery<unknown>;
const statement = (sql: string): HandlerStatement => ({ compile: () => compiled(sql) });

/** Runs one call for each result. Statements are answered only after all are sent, so waiting for one would hang. */
async function run(results: readonly (() => HandlerResult | undefined)[], failing: readonly string[] = []) {
  const seen: string[] = [];
  let at = 0;
  const calls = results.map((result, index) => ({ event: eventAt(index + 1), result }));
  const ended = runHandlers(tx, calls, {
    onEvent: ({ position }) => {
      at = position;
    },
    send: async ({ sql }) => {
      seen.push(sql);
      await setImmediate();
      if (failing.includes(sql)) throw new Error(`${sql} failed`);
    },
  });
  const failure = await ended.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return { seen, failure, at };
}

test('statements that handlers return are sent in order, without waiting for results', async () => {
  const { seen, failure } = await run([
    () => statement('one'),
    () => [statement('two'), statement('three')],
    () => undefined,
    () => statement('four'),
  ]);
  expect(seen).toEqual(['one', 'two', 'three', 'four']);
  expect(failure).toBeUndefined();
});

test('a handler’s promise may resolve with statements; other results are ignored', async () => {
  const { seen } = await run([
    () => Promise.resolve(statement('one')),
    () => Promise.resolve([{ sql: 'a column', compile: 'another' }, 5, null]),
    () => Promise.resolve([statement('two')]),
  ]);
  expect(seen).toEqual(['one', 'two']);
});

test('the first failure is reported with its event, even when later handlers fail', async () => {
  guarantee('failed-statements-name-their-event');
  const aborted = () => Promise.reject(new Error('the transaction is aborted'));
  expect(
    await run([() => statement('one'), () => statement('two'), () => statement('three')], ['two', 'three']),
  ).toMatchObject({ failure: 'two failed', at: 2 });
  expect(await run([() => statement('one'), aborted], ['one'])).toMatchObject({
    failure: 'one failed',
    at: 1,
  });
  expect(await run([() => statement('one'), aborted])).toMatchObject({
    failure: 'the transaction is aborted',
    at: 2,
  });
});

test('no handler runs for the events after a handler that throws', async () => {
  const { seen, failure, at } = await run([
    () => statement('one'),
    () => {
      throw new Error('boom');
    },
    () => statement('three'),
  ]);
  expect({ seen, failure, at }).toEqual({ seen: ['one'], failure: 'boom', at: 2 });
});
