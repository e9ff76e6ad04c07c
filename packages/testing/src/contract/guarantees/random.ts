import {
  type AppendToStreamsResult,
  type EventStore,
  LeftfoldError,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
} from '@leftfold/core';
import { expect } from 'vitest';
import { createMemoryStore } from '../../memory/create-memory-store.ts';
import { RandomAppends } from '../random/random-append.ts';
import { type Chance, seeded } from '../random/seeded.ts';
import { collect, type Guarantee, parcelEvents, placeOf, upTo, versionsOf } from '../trial.ts';

const SEEDS = [1, 20, 300];

/** An event without what two stores cannot have in common. */
function comparable({ position: _position, recordedAt: _recordedAt, ...event }: RecordedEvent): unknown {
  return event;
}

/** What an append came to, in words that two stores have in common. */
async function outcomeOf(append: Promise<AppendToStreamsResult>): Promise<unknown> {
  try {
    const { streams, duplicate } = await append;
    return {
      repeated: duplicate,
      streams: streams.map(({ streamVersion, events }) => ({
        streamVersion,
        events: events.map(comparable),
      })),
    };
  } catch (error) {
    if (LeftfoldError.is(error)) return { code: error.code };
    throw error;
  }
}

function randomRange(chance: Chance): ReadStreamOptions {
  return {
    from: chance.pick([undefined, 1, 2, 3, 7]),
    to: chance.pick([undefined, 1, 4, 9]),
    limit: chance.pick([undefined, 0, 1, 3]),
    backwards: chance.oneIn(2),
  };
}

function randomFilter(chance: Chance, category: string): ReadAllOptions {
  return {
    limit: chance.pick([undefined, 1, 10]),
    filter: {
      category,
      types: chance.pick([undefined, undefined, ['parcel.sent'], ['parcel.scanned', 'parcel.delivered']]),
      tags: chance.pick([undefined, undefined, ['tag:1'], ['tag:0', 'other:1']]),
    },
  };
}

export const randomGuarantees = {
  'random appends and reads come out as in a model of the store': async (trial) => {
    const { store, openAnother, category, stream } = trial;
    const stores = [store, await openAnother()];
    const model = createMemoryStore({ events: [parcelEvents] });
    for (const seed of SEEDS) {
      const chance = seeded(seed);
      const random = new RandomAppends(
        chance,
        { ...trial, stream: (name) => stream(`${seed}-${name}`), id: (name) => trial.id(`${seed}-${name}`) },
        5,
      );
      const versions = new Map<string, number>();
      for (const step of upTo(120)) {
        const what = `seed ${seed}, step ${step}`;
        const { appends, context } = random.next((streamId) => versions.get(streamId) ?? 0);
        const expected = await outcomeOf(model.appendToStreams(appends, context));
        expect(await outcomeOf(chance.pick(stores).appendToStreams(appends, context)), what).toEqual(
          expected,
        );
        for (const { streamId } of appends) {
          versions.set(streamId, (await collect(model.readStream(streamId))).length);
        }
        const read = async (reading: EventStore, streamId: string, options: ReadStreamOptions) =>
          (await collect(reading.readStream(streamId, options))).map(comparable);
        const [streamId, range] = [chance.pick(random.streamIds), randomRange(chance)];
        const readHere = await read(chance.pick(stores), streamId, range);
        expect(readHere, what).toEqual(await read(model, streamId, range));
      }
      for (const _ of upTo(10)) {
        const options = randomFilter(chance, category);
        const log = async (reading: EventStore) => (await collect(reading.readAll(options))).map(comparable);
        expect(await log(store), `seed ${seed}, ${JSON.stringify(options)}`).toEqual(await log(model));
      }
    }
    const everything = async (reading: EventStore) =>
      (await collect(reading.readAll({ filter: { category } }))).map(comparable);
    expect(await everything(store)).toEqual(await everything(model));
  },

  'random appends at once leave exactly what was answered': async (trial) => {
    const { store, openAnother, category } = trial;
    const stores = [store, await openAnother()];
    const versions = new Map<string, number>();
    const recorded: RecordedEvent[] = [];
    const write = async (writer: number) => {
      const chance = seeded(writer);
      const random = new RandomAppends(chance, { ...trial, id: (name) => trial.id(`${writer}-${name}`) }, 6);
      for (const step of upTo(40)) {
        const { appends, context } = random.next((streamId) => versions.get(streamId) ?? 0);
        const result = await stores[writer % 2]!.appendToStreams(appends, context).catch(
          (error: unknown) => error,
        );
        if (LeftfoldError.is(result)) {
          expect(['STREAM_VERSION_CONFLICT', 'EVENT_ID_REUSED']).toContain(result.code);
          continue;
        }
        const { streams, duplicate } = result as AppendToStreamsResult;
        for (const [index, { events, streamVersion }] of streams.entries()) {
          const { streamId, expectedVersion } = appends[index]!;
          versions.set(streamId, Math.max(streamVersion, versions.get(streamId) ?? 0));
          if (duplicate || events.length === 0) continue;
          recorded.push(...events);
          const before = events[0]!.streamVersion - 1;
          const what = `writer ${writer}, step ${step}: expected ${expectedVersion}, was ${before}`;
          if (typeof expectedVersion === 'number') expect(before, what).toBe(expectedVersion);
          if (expectedVersion === 'no-stream') expect(before, what).toBe(0);
          if (expectedVersion === 'stream-exists') expect(before, what).toBeGreaterThan(0);
        }
      }
    };
    await Promise.all(upTo(8).map(write));
    const log = await collect(store.readAll({ filter: { category } }));
    expect(log.map(placeOf)).toEqual(recorded.toSorted((a, b) => a.position - b.position).map(placeOf));
    for (const streamId of new Set(log.map((event) => event.streamId))) {
      const versionsInLog = versionsOf(log.filter((event) => event.streamId === streamId));
      expect(versionsInLog).toEqual(upTo(versionsInLog.length));
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
