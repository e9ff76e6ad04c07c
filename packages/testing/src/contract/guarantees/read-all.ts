import { expect } from 'vitest';
import { type EventQuery, type LogToken, type RecordedEvent, tokenOf } from '@leftfold/core';
import { collect, delivered, type Guarantee, placeOf, scanned, scans, sent, upTo } from '../trial.ts';

export const readAllGuarantees = {
  'readAll returns all events of all streams in the order of positions': async ({ openEmpty, stream }) => {
    const { store } = await openEmpty();
    expect(await collect(store.readAll())).toEqual([]);
    const first = await store.append(stream('b'), [sent, delivered]);
    const both = await store.appendToStreams([
      { streamId: stream('c'), events: [sent] },
      { streamId: stream('a'), events: [sent] },
    ]);
    const last = await store.append(stream('b'), [scanned('Paris')]);
    const expected = [...first.events, ...both.streams.flatMap(({ events }) => events), ...last.events];
    expect(await collect(store.readAll())).toEqual(expected);
  },

  'readAll returns only events after the position': async ({ store, stream, category }) => {
    const { events } = await store.append(stream(), scans(5));
    const after = async (position: number) =>
      collect(store.readAll({ after: position, filter: { category } }));
    expect(await after(events[1]!.position)).toEqual(events.slice(2));
    expect(await after(events[4]!.position)).toEqual([]);
    expect(await after(events[0]!.position - 1)).toEqual(events);
  },

  'a reader that resumes at a token begins after its event': async ({ store, stream, category }) => {
    const { events } = await store.append(stream(), scans(5));
    const after = async (token: LogToken) => {
      const end = new AbortController();
      const read = await collect(store.readAll({ after: token, filter: { category } }));
      const followed: RecordedEvent[] = [];
      for await (const event of store.subscribe({
        after: token,
        filter: { category },
        signal: end.signal,
      })) {
        followed.push(event);
        if (event.streamVersion === 5) end.abort();
      }
      expect(followed).toEqual(read);
      return read;
    };
    expect(await after(tokenOf(events[1]))).toEqual(events.slice(2));
    expect(await after(tokenOf(undefined))).toEqual(events);
    expect(await collect(store.readAll({ after: tokenOf(events[4]), filter: { category } }))).toEqual([]);
  },

  'a token of an event that the log does not have is LOG_REWOUND': async ({ store, stream, guarantee }) => {
    guarantee('tokens-name-their-event');
    const { events } = await store.append(stream(), scans(3));
    for (const event of events) {
      const { position } = event;
      const after = tokenOf({ position, id: `${event.id}x` });
      const rewound = { code: 'LOG_REWOUND', lostFrom: position, lostTo: position };
      await expect(collect(store.readAll({ after }))).rejects.toMatchObject(rewound);
      await expect(collect(store.subscribe({ after }))).rejects.toMatchObject(rewound);
      await expect(collect(store.readAll({ after, filter: { category: 'none' } }))).rejects.toMatchObject(
        rewound,
      );
    }
  },

  'a token beyond the end of the log is LOG_REWOUND': async ({ store }) => {
    const after = tokenOf({ position: Number.MAX_SAFE_INTEGER, id: 'a' });
    await expect(collect(store.readAll({ after }))).rejects.toMatchObject({ code: 'LOG_REWOUND' });
    await expect(collect(store.subscribe({ after }))).rejects.toMatchObject({ code: 'LOG_REWOUND' });
  },

  'reading after a position that the log never had is LOG_REWOUND': async ({ store }) => {
    const beyond = { code: 'LOG_REWOUND', lostFrom: Number.MAX_SAFE_INTEGER };
    const after = Number.MAX_SAFE_INTEGER;
    await expect(collect(store.readAll({ after }))).rejects.toMatchObject(beyond);
    await expect(collect(store.subscribe({ after }))).rejects.toMatchObject(beyond);
  },

  'a filter returns events that match all of its parts': async ({ store, stream, category, id }) => {
    const tag = `run:${id('tag')}`;
    const tagged = [tag, 'city:Paris'];
    const { events } = await store.append(stream(), [
      { ...sent, tags: tagged },
      { ...scanned('Paris'), tags: tagged },
      { ...scanned('Rome'), tags: [tag, 'city:Rome'] },
      delivered,
    ]);
    const elsewhere = await store.append(`${category}x-1`, [{ ...scanned('Paris'), tags: tagged }]);
    const [parcel, paris, rome, end] = events;
    const read = async (filter: EventQuery) =>
      collect(store.readAll({ filter, after: parcel!.position - 1 }));
    expect(await read({ category })).toEqual([parcel, paris, rome, end]);
    expect(await read({ category, types: ['parcel.scanned'] })).toEqual([paris, rome]);
    expect(await read({ category, types: ['parcel.delivered', 'parcel.sent'] })).toEqual([parcel, end]);
    expect(await read({ tags: [tag] })).toEqual([parcel, paris, rome, ...elsewhere.events]);
    expect(await read({ tags: [tag, 'city:Paris'] })).toEqual([parcel, paris, ...elsewhere.events]);
    expect(await read({ tags: [tag, 'city:Paris'], types: ['parcel.scanned'] })).toEqual([
      paris,
      ...elsewhere.events,
    ]);
    expect(await read({ tags: [tag, 'city:Paris'], types: ['parcel.scanned'], category })).toEqual([paris]);
    expect(await read({ tags: [tag, 'city:Oslo'] })).toEqual([]);
  },

  'an empty list of types matches no event, an empty list of tags every event': async ({
    store,
    stream,
    category,
  }) => {
    const { events } = await store.append(stream(), [sent, { ...delivered, tags: ['a:1'] }]);
    expect(await collect(store.readAll({ filter: { category, types: [] } }))).toEqual([]);
    expect(await collect(store.readAll({ filter: { category, tags: [] } }))).toEqual(events);
    expect(await collect(store.readAll({ filter: { category, types: undefined, tags: undefined } }))).toEqual(
      events,
    );
  },

  'a category is the exact text before the first hyphen, not a pattern': async ({ store, category }) => {
    for (const name of [category, `${category}s`, `${category}_a`, `${category}xa`])
      await store.append(`${name}-1`, [sent]);
    await store.append(category, [sent]);
    const streamsOf = async (name: string) =>
      (await collect(store.readAll({ filter: { category: name } }))).map(({ streamId }) => streamId);
    expect(await streamsOf(category)).toEqual([`${category}-1`]);
    expect(await streamsOf(`${category}_a`)).toEqual([`${category}_a-1`]);
    expect(await streamsOf(`${category}%`)).toEqual([]);
    expect(await streamsOf(category.slice(0, -1))).toEqual([]);
    await expect(streamsOf(`${category}-1`)).rejects.toMatchObject({ code: 'INVALID_NAME' });
  },

  'a query for an event type that no definition has is UNKNOWN_EVENT': async ({ store, stream }) => {
    const types = ['parcel.snt'];
    const attempts = [
      store.append(stream(), [sent], { condition: { failIfMatch: { tags: ['a:1'], types } } }),
      collect(store.readAll({ filter: { types } })),
      (async () => collect(store.subscribe({ filter: { types } })))(),
    ];
    const refused = { status: 'rejected', reason: { code: 'UNKNOWN_EVENT', type: 'parcel.snt' } };
    for (const outcome of await Promise.allSettled(attempts)) expect(outcome).toMatchObject(refused);
    expect(await collect(store.readAll({ filter: { types }, unknownEvents: 'skip' }))).toEqual([]);
  },

  'a limit counts the events that match the filter': async ({ store, stream, category }) => {
    const { events } = await store.append(stream(), [sent, ...scans(5), delivered]);
    const read = async (limit: number) =>
      collect(store.readAll({ filter: { category, types: ['parcel.scanned'] }, limit }));
    expect(await read(2)).toEqual(events.slice(1, 3));
    expect(await read(5)).toEqual(events.slice(1, 6));
    expect(await read(9)).toEqual(events.slice(1, 6));
    expect(await read(0)).toEqual([]);
  },

  'a long log is read completely and in order': async ({ openEmpty, stream }) => {
    const { store } = await openEmpty();
    for (let batch = 0; batch < 5; batch += 1) {
      const appends = ['a', 'b', 'c'].map((name) => ({ streamId: stream(name), events: scans(200) }));
      await store.appendToStreams(appends);
    }
    const log = await collect(store.readAll());
    expect(log).toHaveLength(3_000);
    const positions = log.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    expect(new Set(log.map(placeOf)).size).toBe(3_000);
    const backwards = await collect(store.readAll({ backwards: true }));
    expect(backwards.map(placeOf)).toEqual(log.map(placeOf).toReversed());
    const rest = await collect(store.readAll({ after: positions[1_234]!, limit: 1_500 }));
    expect(rest.map(placeOf)).toEqual(log.slice(1_235, 2_735).map(placeOf));
  },

  'without appends in flight, an acknowledged event is settled': async ({ openEmpty, stream }) => {
    const { store } = await openEmpty();
    expect(await store.highWaterMark()).toBe(0);
    for (const number of upTo(10)) {
      const { position } = await store.append(stream(`${number}`), [sent]);
      expect(await store.highWaterMark()).toBeGreaterThanOrEqual(position);
      expect(await collect(store.readAll({ after: position - 1 }))).toHaveLength(1);
    }
  },

  'the high-water mark never falls, and no event appears at or below it': async ({ openEmpty, stream }) => {
    const { store, openAnother } = await openEmpty();
    const writers = [store, await openAnother()];
    const settled: { readonly position: number; readonly log: readonly string[] }[] = [];
    let writing = true;
    const look = async () => {
      const position = await store.highWaterMark();
      const log = await collect(store.readAll());
      settled.push({ position, log: log.filter((event) => event.position <= position).map(placeOf) });
    };
    const watch = async () => {
      while (writing) await look();
      for (const _ of upTo(5)) await look();
    };
    const write = async () => {
      for (const round of upTo(15)) {
        const appends = upTo(20).map((number) => {
          const expectedVersion = number % 4 === 0 ? round - 1 : 'any';
          return writers[number % 2]!.append(stream(`${number % 20}`), [sent], { expectedVersion });
        });
        await Promise.allSettled(appends);
      }
      writing = false;
    };
    await Promise.all([watch(), write()]);
    const log = await collect(store.readAll());
    for (const [index, { position, log: seen }] of settled.entries()) {
      expect(position).toBeGreaterThanOrEqual(settled[index - 1]?.position ?? 0);
      expect(seen).toEqual(log.filter((event) => event.position <= position).map(placeOf));
    }
  },

  'a reader that continues after its last position skips and repeats no event': async ({
    guarantee,
    openEmpty,
    stream,
  }) => {
    guarantee('readers-miss-nothing');
    const { store, openAnother } = await openEmpty();
    const writers = [store, await openAnother()];
    const seen: RecordedEvent[] = [];
    let writing = true;
    const read = async () => {
      let done = false;
      while (!done) {
        done = !writing;
        for await (const event of store.readAll({ after: seen.at(-1)?.position ?? 0, limit: 37 }))
          seen.push(event);
      }
      for await (const event of store.readAll({ after: seen.at(-1)?.position ?? 0 })) seen.push(event);
    };
    const write = async () => {
      for (const round of upTo(20)) {
        await Promise.allSettled(
          upTo(20).map((number) =>
            writers[round % 2]!.append(
              stream(`${number}`),
              scans(1 + (number % 3)),
              number % 5 === 0 ? { expectedVersion: round * 2 } : {},
            ),
          ),
        );
      }
      writing = false;
    };
    await Promise.all([read(), write()]);
    expect(seen.map(placeOf)).toEqual((await collect(store.readAll())).map(placeOf));
    expect(seen.length).toBeGreaterThan(400);
  },
} satisfies Readonly<Record<string, Guarantee>>;
