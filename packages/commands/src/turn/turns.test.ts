import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

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

test('work on one stream runs in the order it came, one at a time', async () => {
  const turns = new Turns();
  const all = [work(), work(), work()];
  const running = all.map(({ run }) => turns.take(['a'], run));
  for (const [index, { end }] of all.entries()) {
    await settle();
    expect(all.map(({ hasStarted }) => hasStarted())).toEqual([true, index > 0, index > 1]);
    end();
  }
  await Promise.all(running);
});

test('work on different streams does not wait for each other', async () => {
  const turns = new Turns();
  const [a, b] = [work(), work()];
  const running = [turns.take(['a'], a.run), turns.take(['b'], b.run)];
  await settle();
  expect([a.hasStarted(), b.hasStarted()]).toEqual([true, true]);
  a.end();
  b.end();
  await Promise.all(running);
});

test('work on several streams waits for all of them, and two such pieces of work never wait for each other', async () => {
  const turns = new Turns();
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
      return turns.take(pair, async () => {
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

test('work that fails lets the next one begin', async () => {
  const turns = new Turns();
  const failing = turns.take(['a'], () => Promise.reject(new Error('no')));
  const next = turns.take(['a'], async () => 'done');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('done');
});

test('opened, a stream lets all who wait go at once, and later ones take turns again', async () => {
  const turns = new Turns();
  const all = [work(), work(), work()];
  const running = all.map(({ run }) => turns.take(['a'], run));
  turns.open(['a']);
  await settle();
  expect(all.map(({ hasStarted }) => hasStarted())).toEqual([true, true, true]);
  const later = work();
  running.push(turns.take(['a'], later.run));
  all[0]?.end();
  await settle();
  expect(later.hasStarted()).toBe(false);
  for (const { end } of all) end();
  await settle();
  expect(later.hasStarted()).toBe(true);
  later.end();
  await Promise.all(running);
});
