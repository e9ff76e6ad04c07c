import { getEventListeners } from 'node:events';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect, test } from 'vitest';
import { within } from './within.ts';

const never = new Promise<never>(() => {});
const late = () => 'late' as const;

test('work that ends in time is the result, whatever it is', async () => {
  expect(await within(Promise.resolve(1), { limitMs: 60_000, late })).toBe(1);
  const broken = new Error('broken');
  expect(await failureOf(within(Promise.reject(broken), { limitMs: 60_000, late }))).toBe(broken);
});

test('the limit ends the wait with a result or an error', async () => {
  expect(await within(never, { limitMs: 0, late })).toBe('late');
  const tooLate = new Error('too late');
  const fails = () => {
    throw tooLate;
  };
  expect(await failureOf(within(never, { limitMs: -1, late: fails }))).toBe(tooLate);
});

test('a signal ends the wait, and keeps no listener', async () => {
  const ending = new AbortController();
  const waiting = failureOf(within(never, { late, signal: ending.signal }));
  ending.abort('enough');
  expect(await waiting).toBe('enough');
  expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  expect(await failureOf(within(Promise.resolve(1), { late, signal: ending.signal }))).toBe('enough');
});
