import { expect } from 'vitest';
import { type EventQuery, type RecordedEvent, tokenOf } from '@leftfold/core';
import { collect, delivered, type Guarantee, scanned, scans, sent } from '../trial.ts';

export const selectionGuarantees = {
  'a filter of several queries returns the events that any of them matches, each once': async ({
    store,
    stream,
    category,
    id,
  }) => {
    const tag = id('tag');
    const { events } = await store.append(stream(), [
      { ...sent, tags: [tag] },
      scanned('Paris'),
      { ...delivered, tags: [tag] },
      delivered,
    ]);
    const elsewhere = await store.append(`${category}x-1`, [{ ...scanned('Oslo'), tags: [tag] }]);
    const [parcel, paris, end, last] = events;
    const after = parcel!.position - 1;
    const read = async (...filter: readonly EventQuery[]) => {
      const found = await collect(store.readAll({ filter, after }));
      expect(await collect(store.readAll({ filter, after, backwards: true }))).toEqual(found.toReversed());
      const stop = new AbortController();
      const followed: RecordedEvent[] = [];
      for await (const event of store.subscribe({ filter, after, signal: stop.signal })) {
        followed.push(event);
        if (followed.length === found.length) stop.abort();
      }
      expect(followed).toEqual(found);
      return found;
    };
    const other = { tags: [tag], types: ['parcel.scanned'] };
    expect(await read({ category, types: ['parcel.scanned'] }, { tags: [tag] })).toEqual([
      parcel,
      paris,
      end,
      ...elsewhere.events,
    ]);
    expect(await read({ tags: [tag] }, { tags: [tag] }, { category })).toEqual([
      ...events,
      ...elsewhere.events,
    ]);
    expect(await read(other, { category, types: ['parcel.delivered'] })).toEqual([
      end,
      last,
      ...elsewhere.events,
    ]);
    expect(await read(other, { tags: [id('none')] })).toEqual(elsewhere.events);
    expect(await read({}, { tags: [tag] })).toEqual([...events, ...elsewhere.events]);
  },

  'readAll returns only events up to the position, in both directions': async ({
    store,
    stream,
    category,
  }) => {
    const { events } = await store.append(stream(), scans(6));
    const filter = { category };
    for (const [from, to] of [
      [0, 6],
      [2, 4],
      [3, 3],
      [4, 2],
      [0, 0],
    ] as const) {
      const after = events[0]!.position - 1 + from;
      const untilPosition = events[0]!.position - 1 + to;
      const range = events.slice(from, Math.max(from, to));
      const options = { after, untilPosition, filter };
      expect(await collect(store.readAll(options))).toEqual(range);
      const backwards = await collect(store.readAll({ ...options, backwards: true }));
      expect(backwards).toEqual(range.toReversed());
    }
    const beyond = await collect(store.readAll({ filter, untilPosition: Number.MAX_SAFE_INTEGER }));
    expect(beyond).toEqual(events);
  },

  'readAll returns the last events that match, without those before them': async ({
    store,
    stream,
    category,
    id,
  }) => {
    const tag = id('tag');
    const mine = { ...sent, tags: [tag] };
    const { events } = await store.append(stream(), [mine, delivered, mine, ...scans(3)]);
    const last = async (filter: EventQuery, limit = 1) =>
      collect(store.readAll({ filter, limit, backwards: true }));
    expect(await last({ category })).toEqual([events[5]]);
    expect(await last({ category }, 3)).toEqual([events[5], events[4], events[3]]);
    expect(await last({ tags: [tag] })).toEqual([events[2]]);
    expect(await last({ category, types: ['parcel.delivered'] })).toEqual([events[1]]);
    expect(await last({ tags: [tag] }, 9)).toEqual([events[2], events[0]]);
    expect(await last({ tags: [id('none')] })).toEqual([]);
    const after = tokenOf(events[2]);
    expect(await collect(store.readAll({ filter: { category }, after, backwards: true }))).toEqual(
      events.slice(3).toReversed(),
    );
    const wrong = tokenOf({ ...events[2]!, id: id('other') });
    await expect(
      collect(store.readAll({ filter: { category }, after: wrong, backwards: true })),
    ).rejects.toMatchObject({ code: 'LOG_REWOUND' });
  },
} satisfies Readonly<Record<string, Guarantee>>;
