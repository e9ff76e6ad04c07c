import type { EventStore, NewEvent, RecordedEvent, EventQuery } from '@leftfold/core';
import { expect } from 'vitest';
import { collect, delivered, type Guarantee, placeOf, scanned, sent, upTo } from '../trial.ts';

const FAILED = { code: 'APPEND_CONDITION_FAILED', retryable: true };

const tagged = (event: NewEvent, ...tags: readonly string[]): NewEvent => ({ ...event, tags });

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
    const versionsOf = (some: readonly RecordedEvent[]) => some.map(({ streamVersion }) => streamVersion);
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

  'a read for a decision refuses what is no query': async ({ guarantee, store }) => {
    guarantee('invalid-input');
    const wrong: readonly (readonly [unknown, unknown?])[] = [
      [undefined],
      [[]],
      [{ tags: [] }],
      [{ tag: ['a'] }],
      [{ tags: ['a'], types: [] }],
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
