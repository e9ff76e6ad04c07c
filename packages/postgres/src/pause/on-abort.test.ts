import EventEmitter, { getEventListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onAbort } from './on-abort.ts';

test('any number of listeners is added without a warning, and removed', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  const { signal } = new AbortController();
  const before = getMaxListeners(signal);
  const removals = Array.from({ length: 30 }, () => onAbort(signal, () => {}));
  await nextTurn();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  for (const remove of removals) {
    remove();
    remove();
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(getMaxListeners(signal)).toBe(before);
});

test('a limit of 0, of the signal or by default, stands for any number', ({ onTestFinished }) => {
  const unlimited = new AbortController();
  setMaxListeners(0, unlimited.signal);
  const { defaultMaxListeners } = EventEmitter;
  onTestFinished(() => {
    EventEmitter.defaultMaxListeners = defaultMaxListeners;
  });
  EventEmitter.defaultMaxListeners = 0;
  for (const ending of [unlimited, new AbortController()]) {
    let calls = 0;
    const remove = onAbort(ending.signal, () => (calls += 1));
    onAbort(ending.signal, () => (calls += 1));
    remove();
    ending.abort();
    expect(calls).toBe(1);
  }
});

test('a listener is called once', () => {
  const ending = new AbortController();
  let calls = 0;
  onAbort(ending.signal, () => (calls += 1));
  ending.abort();
  expect(calls).toBe(1);
});
