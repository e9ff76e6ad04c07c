import type { DecisionQuery, EventQuery, EventStore, NewEvent, RecordedEvent } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, delivered, type Guarantee, placeOf, scanned, sent, upTo } from '../trial.ts';

const FAILED = { code: 'APPEND_CONDITION_FAILED', retryable: true };

const tagged = (event: NewEvent, ...tags: readonly string[]): NewEvent => ({ ...event, tags });

const versionsOf = (some: readonly RecordedEvent[]) => some.map(({ streamVersion }) => streamVersion);

async function read(store: EventStore, ...queries: readonly EventQuery[]) {
  const { events, condition, era } = await store.readForDecision(queries);
  return { seen: await collect(events), context: { condition, era } };
}

export const decisionGuarantees = {
  'a read for a decision returns the events of each query, each once, in the order of the log': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('decision-reads');
    const [left, right, other] = [id('left'), id('right'), id('other')];
    await store.append(stream('a'), [
      tagged(sent, left),
      tagged(delivered, left),
      tagged(sent, right, left),
      tagged(sent, other),
      sent,
    ]);
    const both = [{ tags: [left] }, { tags: [right, left], types: ['parcel.sent'] }] as const;
    for (const reader of [store, await openAnother()]) {
      expect(versionsOf((await read(reader, ...both)).seen)).toEqual([1, 2, 3]);
      const { seen } = await read(reader, { tags: [left], types: ['parcel.delivered'] });
      expect(versionsOf(seen)).toEqual([2]);
      expect((await read(reader, { tags: [id('nothing')] })).seen).toEqual([]);
    }
    const { events } = await store.readForDecision(both);
    await store.append(stream('b'), [tagged(sent, left)]);
    // Up to the same position whenever it is read.
    for (const _ of upTo(2)) expect(versionsOf(await collect(events))).toEqual([1, 2, 3]);
  },

  'a read after another one returns what was added since, and the condition of both': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('decision-reads');
    const other = await openAnother();
    const tag = id('tail');
    await store.append(stream('a'), [tagged(sent, tag)]);
    const first = await read(store, { tags: [tag] });
    await other.append(stream('a'), [tagged(delivered, tag)]);
    const { after } = first.context.condition;
    const { events, condition, era } = await store.readForDecision({ tags: [tag] }, { after });
    expect((await collect(events)).map(({ type }) => type)).toEqual(['parcel.delivered']);
    await expect(store.append(stream('b'), [sent], first.context)).rejects.toMatchObject(FAILED);
    await store.append(stream('b'), [sent], { condition, era });
  },

  'each query is read after a position of its own, and its condition counts from there': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('decision-reads', 'append-conditions');
    const [left, right] = [id('left'), id('right')];
    const other = await openAnother();
    const { position } = await store.append(stream('a'), [tagged(sent, left)]);
    await other.append(stream('a'), [tagged(delivered, right)]);
    const { position: newest } = await other.append(stream('a'), [tagged(delivered, left)]);
    const after = (ofLeft: number, ofRight: number) => [
      { tags: [left], after: ofLeft },
      { tags: [right], after: ofRight },
    ];
    for (const [queries, versions] of [
      [after(0, newest), [1, 3]],
      [after(newest, 0), [2]],
      [after(position, position), [2, 3]],
      [after(position, position).map((query) => ({ ...query, last: true })), [2, 3]],
      [after(newest, newest).map((query) => ({ ...query, last: true })), []],
    ] as const) {
      const { events } = await store.readForDecision(queries);
      expect(versionsOf(await collect(events))).toEqual(versions);
    }
    const append = (ofLeft: number, ofRight: number) =>
      store.append(stream('b'), [sent], {
        condition: { failIfMatch: after(ofLeft, ofRight), after: newest },
      });
    const refused = { ...FAILED, position: newest, queries: [0], after: position };
    await expect(append(position, 0)).rejects.toMatchObject(refused);
    await expect(append(newest, position)).rejects.toMatchObject({
      ...FAILED,
      queries: [1],
      after: position,
    });
    expect(await append(newest, newest)).toMatchObject({ streamVersion: 1 });
  },

  'its condition fails on an event that was added after it, whichever query matches': async ({
    guarantee,
    store,
    openAnother,
    stream,
    id,
  }) => {
    guarantee('decision-reads');
    const other = await openAnother();
    const [course, student] = [id('course'), id('student')];
    for (const tag of [course, student]) {
      const { context } = await read(store, { tags: [course] }, { tags: [student] });
      const { position } = await other.append(stream(`by ${tag}`), [tagged(sent, tag)]);
      await expect(store.append(stream('decided'), [delivered], context)).rejects.toMatchObject({
        ...FAILED,
        position,
      });
    }
    const { seen, context } = await read(store, { tags: [course] }, { tags: [student] });
    expect(seen).toHaveLength(2);
    expect(await store.append(stream('decided'), [delivered], context)).toMatchObject({ streamVersion: 1 });
  },

  'what a decision has read is all that its append follows, with any others in flight': async ({
    guarantee,
    store,
    openAnother,
    category,
    stream,
    id,
  }) => {
    guarantee('decision-reads', 'no-write-skew');
    const stores = [store, await openAnother()];
    const tags = [id('left'), id('right')] as const;
    const made: { readonly seen: readonly RecordedEvent[]; readonly position: number }[] = [];
    const write = async (writer: EventStore, name: string, tag: string) => {
      for (const number of upTo(20))
        await writer.append(stream(`${name} ${number}`), [tagged(scanned('x'), tag)]);
    };
    const decide = async (writer: EventStore, name: string) => {
      for (const number of upTo(20)) {
        const { seen, context } = await read(writer, { tags: [tags[0]] }, { tags: [tags[1]] });
        const attempt = writer.append(stream(`${name} ${number}`), [tagged(delivered, tags[0])], context);
        await attempt.then(
          ({ position }) => made.push({ seen, position }),
          (error: unknown) => expect(error).toMatchObject(FAILED),
        );
      }
    };
    await Promise.all(
      stores.flatMap((one, index) => [
        write(one, `left ${index}`, tags[0]),
        write(one, `right ${index}`, tags[1]),
        decide(one, `decide ${index}`),
      ]),
    );
    await decide(store, 'alone');
    const log = await collect(store.readAll({ filter: { category } }));
    for (const { seen, position } of made) {
      const before = log.filter((event) => event.position < position);
      expect(seen.map(placeOf)).toEqual(before.map(placeOf));
    }
    expect(made.length).toBeGreaterThanOrEqual(20);
  },

  'a read for a decision returns the last match alone of the queries that ask for it': async ({
    guarantee,
    store,
    stream,
    id,
  }) => {
    guarantee('decision-reads');
    const [left, right] = [id('left'), id('right')];
    const { events } = await store.append(stream(), [
      tagged(sent, left),
      tagged(sent, right),
      tagged(delivered, left),
      tagged(sent, left, right),
      tagged(delivered, right),
    ]);
    const seen = async (...queries: readonly DecisionQuery[]) => {
      const { events: read } = await store.readForDecision(queries);
      const first = await collect(read);
      expect(await collect(read)).toEqual(first);
      return first.map((event) => event.streamVersion);
    };
    expect(await seen({ tags: [left], last: true })).toEqual([4]);
    expect(await seen({ tags: [left], types: ['parcel.delivered'], last: true })).toEqual([3]);
    expect(await seen({ tags: [left], last: false })).toEqual([1, 3, 4]);
    expect(await seen({ tags: [left], last: true }, { tags: [right], last: true })).toEqual([4, 5]);
    expect(await seen({ tags: [left], last: true }, { tags: [left, right], last: true })).toEqual([4]);
    expect(await seen({ tags: [left] }, { tags: [right], types: ['parcel.delivered'], last: true })).toEqual([
      1, 3, 4, 5,
    ]);
    expect(await seen({ tags: [id('none')], last: true })).toEqual([]);
    expect(await seen({ tags: [id('none')], last: true }, { tags: [right] })).toEqual([2, 4, 5]);

    const { condition, era } = await store.readForDecision({ tags: [left], last: true });
    expect(condition.failIfMatch).toEqual([{ tags: [left] }]);
    const later = await store.append(stream('b'), [tagged(sent, left)], { condition, era });
    await expect(store.append(stream('b'), [sent], { condition, era })).rejects.toMatchObject({
      ...FAILED,
      position: later.position,
    });
    expect(events).toHaveLength(5);
    const ofCondition = { failIfMatch: { tags: [left], last: true } };
    await expect(store.append(stream('b'), [sent], { condition: ofCondition })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  },

  'a read for a decision of the last event finds it without tags too': async ({
    guarantee,
    openEmpty,
    stream,
    category,
  }) => {
    guarantee('decision-reads');
    const { store } = await openEmpty();
    const last = async (query: DecisionQuery) => {
      const { events } = await store.readForDecision({ ...query, last: true });
      return (await collect(events)).map(({ position }) => position);
    };
    expect(await last({})).toEqual([]);
    const first = await store.append(stream(), [sent, delivered]);
    const second = await store.append('other-1', [delivered]);
    await store.append('other-1', [scanned('Paris')]);
    expect(await last({})).toEqual([second.position + 1]);
    expect(await last({ types: ['parcel.sent'] })).toEqual([first.position - 1]);
    expect(await last({ types: ['parcel.sent', 'parcel.delivered'] })).toEqual([second.position]);
    expect(await last({ category })).toEqual([first.position]);
    expect(await last({ category, types: ['parcel.scanned'] })).toEqual([]);
  },

  'a read for a decision refuses what is no query': async ({ guarantee, store }) => {
    guarantee('invalid-input');
    const wrong: readonly (readonly [unknown, unknown?])[] = [
      [undefined],
      [[]],
      [{ tags: [] }],
      [{ tag: ['a'] }],
      [{ tags: ['a'], types: [] }],
      [{ tags: ['a'], last: 1 }],
      [Array.from({ length: 65 }, () => ({ tags: ['a'] }))],
      [{ tags: ['a'] }, { unknownEvent: 'skip' }],
      [{ tags: ['a'] }, { unknownEvents: 'perhaps' }],
    ];
    const readAny = store.readForDecision.bind(store) as (...given: readonly unknown[]) => Promise<unknown>;
    for (const given of wrong)
      await expect(readAny(...given), JSON.stringify(given)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    await expect(readAny({ tags: ['a'], types: ['parcel.lost'] })).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
    });
  },
} satisfies Readonly<Record<string, Guarantee>>;
