import { defineEvents, type EventQuery, type EventStore, type RecordedEvent, tokenOf } from '@leftfold/core';
import { expect } from 'vitest';
import { z } from 'zod';
import { collect, type Guarantee, type Trial, versionsOf } from '../trial.ts';

const cents = z.int().positive();
const created = z.object({ name: z.string() });
const corrected = z.object({ from: cents, to: cents });

/** The events of one category in two releases: the second one renames, splits and removes events of the first. */
const purseEvents = {
  first: defineEvents('purse', { created, credited: z.object({ cents }), corrected, viewed: z.object({}) }),
  second: defineEvents(
    'purse',
    { opened: z.object({ owner: z.string() }), credited: z.object({ cents }), debited: z.object({ cents }) },
    {
      retired: {
        created: {
          schema: created,
          readAs: ['opened'],
          upcast: ({ name }, to) => to.opened({ owner: name }),
        },
        corrected: {
          schema: corrected,
          readAs: ['debited', 'credited'],
          upcast: (data, to) => [to.debited({ cents: data.from }), to.credited({ cents: data.to })],
        },
        viewed: { schema: z.object({}), readAs: [] },
      },
    },
  ),
};

const { create } = purseEvents.first;
const history = [
  create.created({ name: 'Ada' }),
  create.credited({ cents: 5 }),
  create.corrected({ from: 5, to: 7 }),
  create.viewed({}),
];
/** What the second release reads: the event, with its stream version. */
const read = ['opened@1', 'credited@2', 'debited@3', 'credited@3'];

/** A stream that the first release wrote, and a store of the second. */
async function upgraded({ openAnother, stream }: Trial): Promise<{
  readonly store: EventStore;
  readonly stored: readonly RecordedEvent[];
}> {
  const first = await openAnother([purseEvents.first]);
  const { events } = await first.append(
    stream(),
    history.map((event) => ({ ...event, tags: [`of:${stream()}`] })),
  );
  return { store: await openAnother([purseEvents.second]), stored: events };
}

function named(events: readonly RecordedEvent[]): readonly string[] {
  return events.map(({ type, streamVersion }) => `${type.slice('purse.'.length)}@${streamVersion}`);
}

async function take(events: AsyncIterable<RecordedEvent>, count: number): Promise<readonly RecordedEvent[]> {
  const taken: RecordedEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

export const retiredGuarantees = {
  'an event of a retired type is read as others, as several or as nothing, by every read': async (trial) => {
    trial.guarantee('retired-events');
    const { store, stored } = await upgraded(trial);
    const { category, stream } = trial;
    const events = await collect(store.readStream(stream()));
    expect(named(events)).toEqual(read);
    expect(events[0]).toMatchObject({
      data: { owner: 'Ada' },
      readFrom: { type: 'purse.created', index: 0, count: 1 },
    });
    expect(events[1]?.readFrom).toBeUndefined();
    expect(events.slice(2)).toMatchObject([
      { id: stored[2]?.id, position: stored[2]?.position, readFrom: { index: 0, count: 2 } },
      { id: stored[2]?.id, position: stored[2]?.position, readFrom: { index: 1, count: 2 } },
    ]);
    expect(await collect(store.readAll({ filter: { category } }))).toEqual(events);
    expect(await take(store.subscribe({ filter: { category } }), 4)).toEqual(events);
    const { events: matching } = await store.readForDecision({ tags: [`of:${stream()}`] });
    expect(await collect(matching)).toEqual(events);
    expect(named(await collect(store.readStream(stream(), { backwards: true })))).toEqual([
      'debited@3',
      'credited@3',
      'credited@2',
      'opened@1',
    ]);
  },

  'a filter by types finds the retired events that are read as one of them, and only that part': async (
    trial,
  ) => {
    const { store } = await upgraded(trial);
    const { category, stream } = trial;
    const filter = { category, types: ['purse.credited'] };
    const credited = ['credited@2', 'credited@3'];
    expect(named(await collect(store.readAll({ filter })))).toEqual(credited);
    expect(named(await take(store.subscribe({ filter }), 2))).toEqual(credited);
    const types = ['purse.opened', 'purse.debited'];
    const { events } = await store.readForDecision({ tags: [`of:${stream()}`], types });
    expect(named(await collect(events))).toEqual(['opened@1', 'debited@3']);
  },

  'expected versions count stored events, whatever they are read as': async (trial) => {
    const { store, stored } = await upgraded(trial);
    const events = store.readStream(trial.stream());
    expect(events.last).toBeUndefined();
    await collect(events);
    expect(events.last).toEqual({ streamVersion: 4, position: stored[3]?.position, id: stored[3]?.id });
    const opened = purseEvents.second.create.opened({ owner: 'Eve' });
    const append = (expectedVersion: number) => store.append(trial.stream(), [opened], { expectedVersion });
    await expect(append(3)).rejects.toMatchObject({ code: 'STREAM_VERSION_CONFLICT', actual: 4 });
    expect(await append(4)).toMatchObject({ streamVersion: 5 });
    expect(versionsOf(await collect(store.readStream(trial.stream(), { from: 4 })))).toEqual([5]);
  },

  'a limit does not separate what one stored event is read as': async (trial) => {
    const { store } = await upgraded(trial);
    const { category, stream } = trial;
    for (const limit of [1, 2, 3]) {
      const expected = read.slice(0, limit === 3 ? 4 : limit);
      expect(named(await collect(store.readStream(stream(), { limit })))).toEqual(expected);
      expect(named(await collect(store.readAll({ filter: { category }, limit })))).toEqual(expected);
    }
    const backwards = store.readStream(stream(), { limit: 1, backwards: true });
    expect(named(await collect(backwards))).toEqual(['debited@3', 'credited@3']);
  },

  'a reader resumes after the token of each of several events, and after a position at the whole': async (
    trial,
  ) => {
    const { store, stored } = await upgraded(trial);
    const filter = { category: trial.category };
    const events = await collect(store.readAll({ filter }));
    expect(await collect(store.readAll({ filter, after: tokenOf(events.at(-1)) }))).toEqual([]);
    for (const [index, event] of events.slice(0, -1).entries()) {
      const rest = events.slice(index + 1);
      const after = tokenOf(event);
      expect(await collect(store.readAll({ filter, after }))).toEqual(rest);
      expect(await take(store.subscribe({ filter, after }), rest.length)).toEqual(rest);
    }
    const subscription = store.subscribe({ filter });
    const positions: number[] = [];
    for await (const event of subscription) {
      positions.push(subscription.position);
      if (event.readFrom?.index === 1) break;
    }
    // While the second part is handled, the position is still before the stored event.
    expect(positions.at(-1)).toBe((stored[2]?.position ?? 0) - 1);
    const again = await collect(store.readAll({ filter, after: subscription.position }));
    expect(named(again)).toEqual(['debited@3', 'credited@3']);
  },

  'a token of one of several events is refused by a log that has another event there': async (trial) => {
    const { store } = await upgraded(trial);
    const events = await collect(store.readAll({ filter: { category: trial.category } }));
    const after = tokenOf({ ...events[2]!, id: trial.id('other') });
    await expect(collect(store.readAll({ after }))).rejects.toMatchObject({ code: 'LOG_REWOUND' });
  },

  'a condition finds the retired events that are read as what it asks for': async (trial) => {
    const { store, stored } = await upgraded(trial);
    const opened = purseEvents.second.create.opened({ owner: 'Eve' });
    const queryFor = (type: string): EventQuery => ({ tags: [`of:${trial.stream()}`], types: [type] });
    const append = (type: string) =>
      store.append(trial.stream('other'), [opened], { condition: { failIfMatch: queryFor(type) } });
    await expect(append('purse.opened')).rejects.toMatchObject({
      code: 'APPEND_CONDITION_FAILED',
      position: stored[0]?.position,
      type: 'purse.created',
      queries: [0],
    });
    await expect(append('purse.debited')).rejects.toMatchObject({ position: stored[2]?.position });
    const { condition, era } = await store.readForDecision(queryFor('purse.debited'));
    for (const type of ['purse.opened', 'purse.debited', 'purse.credited']) {
      const all = await collect((await store.readForDecision(queryFor(type))).events);
      const last = await collect((await store.readForDecision({ ...queryFor(type), last: true })).events);
      expect(last, type).toEqual(all.filter(({ position }) => position === all.at(-1)?.position));
      const backwards = store.readAll({ filter: queryFor(type), backwards: true, limit: 1 });
      expect(await collect(backwards), type).toEqual(last);
    }
    expect(await store.append(trial.stream('other'), [opened], { condition, era })).toMatchObject({
      duplicate: false,
    });
  },

  'a repeated command gets its events as they are read now, and the version that is stored': async ({
    openAnother,
    stream,
    id,
  }) => {
    const first = await openAnother([purseEvents.first]);
    await first.append(stream(), [create.corrected({ from: 5, to: 7 }), create.viewed({})], {
      commandId: id('both'),
    });
    await first.append(stream(), [create.viewed({})], { commandId: id('none') });
    const second = await openAnother([purseEvents.second]);
    const opened = purseEvents.second.create.opened({ owner: 'Eve' });
    const repeated = await second.append(stream(), [opened], { commandId: id('both') });
    expect(repeated).toMatchObject({ duplicate: true, streamVersion: 2 });
    expect(named(repeated.events)).toEqual(['debited@1', 'credited@1']);
    expect(await second.eventsOfCommand(id('both'))).toEqual(repeated.events);
    expect(await second.append(stream(), [opened], { commandId: id('none') })).toMatchObject({
      duplicate: true,
      streamVersion: 3,
      events: [],
    });
  },

  'an event of a retired type is not appended, and a query for it is refused': async ({
    openAnother,
    stream,
  }) => {
    const store = await openAnother([purseEvents.second]);
    const error = {
      code: 'UNKNOWN_EVENT',
      type: 'purse.created',
      message: expect.stringContaining('read as "purse.opened"') as unknown,
    };
    const retired = purseEvents.second.createRetired.created({ name: 'Ada' });
    await expect(store.append(stream(), [retired])).rejects.toMatchObject(error);
    await expect(collect(store.readAll({ filter: { types: ['purse.created'] } }))).rejects.toMatchObject(
      error,
    );
  },
} satisfies Readonly<Record<string, Guarantee>>;
