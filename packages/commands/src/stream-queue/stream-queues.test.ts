import { describe, expect, test } from 'vitest';
import { type LaneUse, StreamQueues } from './stream-queues.ts';

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
  const running = all.map(({ run }) => queues.take([{ lane: 'a' }], run));
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
  const running = [queues.take([{ lane: 'a' }], a.run), queues.take([{ lane: 'b' }], b.run)];
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
      const uses = pair.map((lane) => ({ lane }));
      return queues.take(uses, async () => {
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
  const failing = queues.take([{ lane: 'a' }], () => Promise.reject(new Error('no')));
  const next = queues.take([{ lane: 'a' }], async () => 'done');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('done');
});

test('open starts all queued work; later work queues again', async () => {
  const queues = new StreamQueues();
  const all = [work(), work(), work()];
  const running = all.map(({ run }) => queues.take([{ lane: 'a' }], run));
  queues.open(['a']);
  await settle();
  expect(all.map(({ hasStarted }) => hasStarted())).toEqual([true, true, true]);
  const later = work();
  running.push(queues.take([{ lane: 'a' }], later.run));
  all[0]?.end();
  await settle();
  expect(later.hasStarted()).toBe(false);
  for (const { end } of all) end();
  await settle();
  expect(later.hasStarted()).toBe(true);
  later.end();
  await Promise.all(running);
});

describe('work that says what it reads in its lane and what it appends', () => {
  const use = (read: readonly string[], appended: readonly string[]) => [
    { lane: 'a', types: { read, appended } },
  ];
  const notes = use(['defined'], ['noted']);
  const defines = use(['defined'], ['defined']);
  const counts = use(['noted'], ['counted']);

  /** Which of them has started, when those at these places have ended. */
  async function startedOf(uses: readonly (readonly LaneUse[])[], ...ended: readonly number[]) {
    const queues = new StreamQueues();
    const all = uses.map(() => work());
    const running = all.map(({ run }, index) => queues.take(uses[index]!, run));
    for (const index of ended) all[index]!.end();
    await settle();
    const started = all.map(({ hasStarted }) => hasStarted());
    for (const { end } of all) end();
    await Promise.all(running);
    return started;
  }

  test('runs beside work that appends nothing that it reads', async () => {
    expect(await startedOf([notes, notes, notes])).toEqual([true, true, true]);
  });

  test.for([
    ['appends what it reads', notes, defines],
    ['reads what it appends', notes, counts],
    ['is alone in the lane', notes, [{ lane: 'a' }]],
  ] as const)(
    'waits for work that %s, and lets none that comes later go before it',
    async ([, one, other]) => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ]) {
        expect(await startedOf([first!, second!, first!])).toEqual([true, false, false]);
        expect(await startedOf([first!, second!, first!], 0)).toEqual([true, true, false]);
      }
    },
  );
});
