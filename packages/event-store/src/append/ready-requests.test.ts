import type { AppendRequest } from '@leftfold/core/append';
import { expect, test } from 'vitest';
import { QueuedRequest } from './queued-request.ts';
import { ReadyRequests } from './ready-requests.ts';

const limits = { maxRequests: 3, maxEvents: 100, maxSize: 100 };

function requests(count: number, parts: Partial<AppendRequest> = {}): QueuedRequest[] {
  const request: AppendRequest = {
    streams: [],
    commandId: undefined,
    condition: undefined,
    era: undefined,
    tags: new Set(),
    types: new Set(),
    eventCount: 1,
    size: 1,
    memory: 0,
    ...parts,
  };
  return Array.from(
    { length: count },
    (_, index) =>
      new QueuedRequest(
        index,
        request,
        () => {},
        () => {},
      ),
  );
}

const numbers = (batch: readonly QueuedRequest[]) => batch.map(({ number }) => number);

test('those made first are taken first, whenever they became ready', () => {
  const [a, b, c, d, e] = requests(5);
  const ready = new ReadyRequests();
  for (const one of [b, e]) ready.push(one!);
  ready.release([d!, a!]);
  ready.release([c!]);
  expect(numbers(ready.take(limits))).toEqual([0, 1, 2]);
  expect(numbers(ready.take(limits))).toEqual([3, 4]);
  expect(ready.size).toBe(0);
});

test('one that must be alone is a batch', () => {
  const [a, b, c] = requests(3);
  const ready = new ReadyRequests();
  b!.alone = true;
  for (const one of [a, c]) ready.push(one!);
  ready.release([b!]);
  expect([ready.take(limits), ready.take(limits), ready.take(limits)].map(numbers)).toEqual([[0], [1], [2]]);
});

test('a batch ends before the request for which it has no room; a larger one is a batch', () => {
  const ready = new ReadyRequests();
  for (const one of requests(3, { size: 60 })) ready.push(one);
  expect(numbers(ready.take(limits))).toEqual([0]);
  expect(numbers(ready.take({ ...limits, maxSize: 50 }))).toEqual([1]);
  expect(numbers(ready.take({ ...limits, maxEvents: 0 }))).toEqual([2]);
});
