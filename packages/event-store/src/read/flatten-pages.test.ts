import { expect, test } from 'vitest';
import { flattenPages } from './flatten-pages.ts';

async function* pagesOf<TItem>(...pages: readonly (readonly TItem[])[]) {
  for (const page of pages) {
    await Promise.resolve();
    yield page;
  }
}

test('hands out every item of every page in order, empty pages passed over', async () => {
  const items: number[] = [];
  for await (const item of flattenPages(pagesOf([], [1, 2], [], [3], []))) items.push(item);
  expect(items).toEqual([1, 2, 3]);
});

test('whoever asks again before the answer is there gets the items in the order of asking', async () => {
  const iterator = flattenPages(pagesOf([1], [2, 3], []))[Symbol.asyncIterator]();
  const answers = await Promise.all(Array.from({ length: 5 }, () => iterator.next()));
  expect(answers.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined]);
});

test('an item that cannot be made reaches the consumer in its place, and ends the pages', async () => {
  function* broken() {
    yield 1;
    throw new Error('no second item');
  }
  async function* pages() {
    await Promise.resolve();
    yield broken();
    yield [3];
  }
  const seen: number[] = [];
  const iterator = flattenPages(pages())[Symbol.asyncIterator]();
  seen.push((await iterator.next()).value ?? 0);
  await expect(iterator.next()).rejects.toThrow('no second item');
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(seen).toEqual([1]);
});

test('a consumer that leaves ends the pages, and an error reaches it where it happened', async () => {
  let ended = false;
  async function* watched() {
    try {
      yield [1, 2];
      await Promise.resolve();
      throw new Error('no further page');
    } finally {
      ended = true;
    }
  }
  for await (const _ of flattenPages(watched())) break;
  expect(ended).toBe(true);
  const seen: number[] = [];
  const all = async () => {
    for await (const item of flattenPages(watched())) seen.push(item);
  };
  await expect(all()).rejects.toThrow('no further page');
  expect(seen).toEqual([1, 2]);
});
