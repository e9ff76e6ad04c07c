import { expect, test } from 'vitest';
import { StreamQueues } from './stream-queues.ts';

/** Work that ends when it is told to. */
function work() {
  let started = false;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async () => {
    started = true;
    await ended;
  };
  return { run, end, hasStarted: () => started };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('work on one stream runs one at a time, first come, first served', async () => {
  const queues = new StreamQueues();
  const all = [work(), work(), work()];
  const running = all.map(({ run }) => queues.take(['a'], run));
  for (const [index, { end }] of all.entries()) {
    await settle();
    expect(all.map(({ hasStarted }) => hasStarted())).toEqual([true, index > 0, index > 1]);
    end();
  }
  await Promise.all(running);
});

test('work on different streams does not wait for each other', async () => {
  const queues = new StreamQueues();
  const [a, b] = [work(), work()];
  const running = [queues.take(['a'], a.run), queues.take(['b'], b.run)];
  await settle();
  expect([a.hasStarted(), b.hasStarted()]).toEqual([true, true]);
  a.end();
  b.end();
  await Promise.all(running);
});

test('work on several streams waits for all of them and cannot deadlock', async () => {
  const queues = new StreamQueues();
  const order: string[] = [];
  const pairs = [
    ['a', 'b'],
    ['b', 'a'],
    ['b', 'c'],
    ['c', 'a'],
  ];
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const pair = pairs[index % 4] ?? [];
      return queues.take(pair, async () => {
        order.push(`begin ${pair.join()}`);
        await settle();
        order.push(`end ${pair.join()}`);
      });
    }),
  );
  expect(order).toHaveLength(80);
  // Any two of these pairs share a stream: nothing may begin before the last one has ended.
  order.forEach((entry, index) => expect(entry.startsWith(index % 2 === 0 ? 'begin' : 'end')).toBe(true));
});

test('failed work does not block the next', async () => {
  const queues = new StreamQueues();
  const failing = queues.take(['a'], () => Promise.reject(new Error('no')));
  const next = queues.take(['a'], async () => 'done');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('done');
});

test('open starts all queued work; later work queues again', async () => {
  const queues = new StreamQueues();
  const all = [work(), work(), work()];
  const running = all.map(({ run }) => queues.take(['a'], run));
  queues.open(['a']);
  await settle();
  expect(all.map(({ hasStarted }) => hasStarted())).toEqual([true, true, true]);
  const later = work();
  running.push(queues.take(['a'], later.run));
  all[0]?.end();
  await settle();
  expect(later.hasStarted()).toBe(false);
  for (const { end } of all) end();
  await settle();
  expect(later.hasStarted()).toBe(true);
  later.end();
  await Promise.all(running);
});
