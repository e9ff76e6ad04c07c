import {
  type EventQuery,
  type AppendToStreamsResult,
  type EventStore,
  LeftfoldError,
  type ReadStreamOptions,
  type RecordedEvent,
} from '@leftfold/core';
import fc from 'fast-check';
import { expect } from 'vitest';
import { createMemoryStore } from '../../memory/create-memory-store.ts';
import { AppendMaker } from '../random/append-maker.ts';
import { assertProperty, programSeed, toRepeat } from '../random/assert-property.ts';
import { type ProgramAppend, programAppend } from '../random/program.ts';
import { collect, type Guarantee, parcelEvents, placeOf, upTo, versionsOf } from '../trial.ts';

/** A read of the log for one query. */
interface LogRead {
  readonly filter?: EventQuery | undefined;
  readonly limit?: number | undefined;
}

/** An event without the fields that differ between two stores. */
function comparable({ position: _position, recordedAt: _recordedAt, ...event }: RecordedEvent): unknown {
  return event;
}

/** The outcome of an append, in a form that is the same for two stores. */
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

/** Waits for the expected count: an append that has just failed can hold back the high-water mark for a moment. */
async function untilCount(count: () => Promise<number>, expected: number): Promise<void> {
  await expect.poll(count, { timeout: 1_000, interval: 5 }).toBe(expected);
}

const STREAMS = 6;
/** Index of one of the two stores on the same log. */
const anyStore = fc.nat(1);
const anyStream = fc.nat(STREAMS - 1);

const anyRange: fc.Arbitrary<ReadStreamOptions> = fc.record({
  from: fc.constantFrom(undefined, 1, 2, 3, 7),
  to: fc.constantFrom(undefined, 1, 4, 9),
  limit: fc.constantFrom(undefined, 0, 1, 3),
  backwards: fc.boolean(),
});

const anyFilter: fc.Arbitrary<LogRead> = fc.record({
  limit: fc.constantFrom(undefined, 1, 10),
  filter: fc.record({
    types: fc.constantFrom(undefined, ['parcel.sent'], ['parcel.scanned', 'parcel.delivered']),
    tags: fc.constantFrom(undefined, ['tag:1'], ['tag:0', 'other:1']),
  }),
});

/** Reads one stream after each append, and the log at the end. */
const anyProgram = fc.record({
  steps: fc.array(
    fc.record({
      append: programAppend(STREAMS),
      store: anyStore,
      read: fc.record({ stream: anyStream, store: anyStore, range: anyRange }),
    }),
    { maxLength: 80, size: 'max' },
  ),
  reads: fc.array(anyFilter, { maxLength: 10, size: 'max' }),
});

const eightWriters = fc.array(fc.array(programAppend(STREAMS), { minLength: 40, maxLength: 40 }), {
  minLength: 8,
  maxLength: 8,
});

export const randomGuarantees = {
  'random appends and reads have the same results as in a model': async (trial) => {
    const { store, openAnother } = trial;
    const stores = [store, await openAnother()] as const;
    const read = async (reading: EventStore, streamId: string, range: ReadStreamOptions) =>
      (await collect(reading.readStream(streamId, range))).map(comparable);
    const model = createMemoryStore({ events: [parcelEvents] });
    let runs = 0;
    const property = fc.asyncProperty(anyProgram, async ({ steps, reads }) => {
      runs += 1; // a program has a category and ids of its own, also when a part of it is tried again
      const run = runs;
      const category = `${trial.category}${run}run`;
      const log = async (reading: EventStore, { filter, limit }: LogRead) =>
        (await collect(reading.readAll({ filter: { ...filter, category }, limit }))).map(comparable);
      const streamIds = upTo(STREAMS).map((number) => `${category}-${number}`);
      const maker = new AppendMaker({ streamIds, id: (name) => trial.id(`${run}-${name}`) });
      const versions = new Map<string, number>();
      for (const step of steps) {
        const made = maker.next(step.append, (streamId) => versions.get(streamId) ?? 0);
        if (made !== undefined) {
          const { appends, context } = made;
          const expected = await outcomeOf(model.appendToStreams(appends, context));
          expect(await outcomeOf(stores[step.store]!.appendToStreams(appends, context))).toEqual(expected);
          for (const { streamId } of appends) {
            versions.set(streamId, (await collect(model.readStream(streamId))).length);
          }
        }
        const { store: reader, range } = step.read;
        const streamId = streamIds[step.read.stream]!;
        expect(await read(stores[reader]!, streamId, range)).toEqual(await read(model, streamId, range));
      }
      await untilCount(async () => (await log(store, {})).length, (await log(model, {})).length);
      for (const options of [{}, ...reads]) {
        expect(await log(store, options)).toEqual(await log(model, options));
      }
    });
    await assertProperty(property, 10);
  },

  'after random concurrent appends the log has exactly the returned events': async (trial) => {
    const { store, openAnother, category } = trial;
    const stores = [store, await openAnother()];
    const streamIds = upTo(STREAMS).map((number) => trial.stream(`${number}`));
    const versions = new Map<string, number>();
    const recorded: RecordedEvent[] = [];
    const seed = programSeed();
    // Without shrinking: the order of the writers is not part of the programs, so a smaller program proves nothing.
    const [programs = []] = fc.sample(eightWriters, { seed, numRuns: 1 });
    const write = async (program: readonly ProgramAppend[], writer: number) => {
      const maker = new AppendMaker({ streamIds, id: (name) => trial.id(`${writer}-${name}`) });
      for (const [step, append] of program.entries()) {
        const made = maker.next(append, (streamId) => versions.get(streamId) ?? 0);
        if (made === undefined) continue;
        const { appends, context } = made;
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
          const what = `writer ${writer}, step ${step}: expected ${expectedVersion}, was ${before}. ${toRepeat(seed)}`;
          if (typeof expectedVersion === 'number') expect(before, what).toBe(expectedVersion);
          if (expectedVersion === 'no-stream') expect(before, what).toBe(0);
          if (expectedVersion === 'stream-exists') expect(before, what).toBeGreaterThan(0);
        }
      }
    };
    await Promise.all(programs.map(write));
    const log = () => collect(store.readAll({ filter: { category } }));
    await untilCount(async () => (await log()).length, recorded.length);
    const events = await log();
    const inOrder = recorded.toSorted((a, b) => a.position - b.position);
    expect(events.map(placeOf), toRepeat(seed)).toEqual(inOrder.map(placeOf));
    for (const streamId of streamIds) {
      const versionsInLog = versionsOf(events.filter((event) => event.streamId === streamId));
      expect(versionsInLog, toRepeat(seed)).toEqual(upTo(versionsInLog.length));
    }
  },
} satisfies Readonly<Record<string, Guarantee>>;
