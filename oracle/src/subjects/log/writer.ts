import { setTimeout as delay } from 'node:timers/promises';
import { type AppendResult, LeftfoldError, type NewEvent, type StreamToAppend } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { shiftClock } from '@leftfold/testbed/faults';
import { Journal } from '../../journal.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { eventAt, ledgerEvents, type Place, SHARDS, tagOf } from './ledger.ts';
import { isOutage } from '../../outage.ts';

export interface WriterTask {
  readonly name: string;
  readonly connectionString: string;
  readonly journal: string;
  readonly seed: number;
  readonly maxConnections: number;
  /** Appends under way at one time. */
  readonly concurrency: number;
}

/** Streams that all writers append to. */
const STREAMS = 60;
const HOUR_MS = 3_600_000;

let stopped = false;
const task = receiveTask<WriterTask>();
const random = new Random(task.seed, `writer ${task.name} ${task.generation}`);
// Nothing may depend on the clocks of processes: this one is wrong by up to a day, and is set now and then.
using clock = shiftClock(random.between(-24 * HOUR_MS, 24 * HOUR_MS));
using journal = new Journal(task.journal);
let appends = 0;

/** Names an append for good, so that the log can be compared with what this process was told. */
const nextAppend = () => `${task.name}.${task.generation}.${(appends += 1)}`;
const anyStream = () => `${random.chance(0.7) ? 'ledger' : 'audit'}-${random.rank(STREAMS)}`;
const amountOfEvents = () => (random.chance(0.6) ? 1 : random.between(2, 6));

/** What a writer has read of a stream: its version and the event there; null when it expects nothing of the stream. */
type Based = { readonly version: number; readonly id: string | null } | null;

function eventsOf(
  append: string,
  streams: readonly { readonly based: Based; readonly amount: number }[],
  excluded: Place['excluded'] = null,
): NewEvent[][] {
  const of = streams.reduce((sum, { amount }) => sum + amount, 0);
  let index = 0;
  return streams.map(({ based, amount }) =>
    Array.from({ length: amount }, () =>
      eventAt({
        append,
        index: index++,
        of,
        expected: based?.version ?? null,
        basedOn: based?.id ?? null,
        excluded,
      }),
    ),
  );
}

function acknowledge(append: string, results: readonly AppendResult[]): void {
  const places = results.flatMap(({ events }) =>
    events.map((event) => `${event.position}:${event.streamVersion}`),
  );
  journal.write('ack', append, places.join(','));
}

/** Records how an append failed: refused for certain, with an unknown outcome, or by an error that no writer may get. */
function noteFailure(append: string, error: unknown): void {
  const isRefusal =
    LeftfoldError.is(error) &&
    (error.code === 'STREAM_VERSION_CONFLICT' || error.code === 'APPEND_CONDITION_FAILED');
  if (error instanceof Outdated) journal.write('undone', append);
  else if (LeftfoldError.is(error) && error.code === 'LOG_REWOUND') journal.write('rewound', append);
  else if (isRefusal) journal.write('refused', append);
  else if (isOutage(error)) journal.write('unknown', append);
  else journal.write('bad', append, String(error).replaceAll('\n', ' '));
}

async function lastOf(store: PostgresEventStore, streamId: string): Promise<NonNullable<Based>> {
  for await (const { streamVersion, id } of store.readStream(streamId, { backwards: true, limit: 1 })) {
    return { version: streamVersion, id };
  }
  return { version: 0, id: null };
}

/** Thrown in place of an append: the log went back after what it is based on was read. */
class Outdated extends Error {}

/** Reads, and then appends what is based on it, unless the log went back in between: that is for the caller to see. */
async function basedOn<T>(
  store: PostgresEventStore,
  read: () => Promise<T>,
  append: (found: T) => Promise<void>,
): Promise<void> {
  const { era } = store;
  const found = await read();
  if (store.era !== era) throw new Outdated();
  await append(found);
}

type Operation = (store: PostgresEventStore, append: string) => Promise<void>;

const blind: Operation = async (store, append) => {
  const [events] = eventsOf(append, [{ based: null, amount: amountOfEvents() }]);
  acknowledge(append, [await store.append(anyStream(), events ?? [])]);
};

const expecting: Operation = (store, append) => {
  const streamId = anyStream();
  return basedOn(
    store,
    () => lastOf(store, streamId),
    async (based) => {
      const [events] = eventsOf(append, [{ based, amount: amountOfEvents() }]);
      acknowledge(append, [await store.append(streamId, events ?? [], { expectedVersion: based.version })]);
    },
  );
};

/** Of the appends that exclude a tag after one position and write that tag as well, one succeeds. */
const excluding: Operation = (store, append) => {
  const tag = tagOf(random.between(0, SHARDS - 1));
  return basedOn(
    store,
    () => store.highWaterMark(),
    async (after) => {
      const [events] = eventsOf(append, [{ based: null, amount: amountOfEvents() }], { tag, after });
      const options = { condition: { failIfMatch: { tags: [tag] }, after } } as const;
      acknowledge(append, [await store.append(anyStream(), events ?? [], options)]);
    },
  );
};

const creating: Operation = async (store, append) => {
  // Processes arrive at the same names, by a clock that is not shifted: one of them creates the stream.
  const now = performance.timeOrigin + performance.now();
  const streamId = `ledger-new-${Math.floor(now / 50)}-${random.between(0, 3)}`;
  const [events] = eventsOf(append, [{ based: { version: 0, id: null }, amount: 1 }]);
  acknowledge(append, [await store.append(streamId, events ?? [], { expectedVersion: 'no-stream' })]);
};

const toSeveralStreams: Operation = (store, append) => {
  const streams = [...new Set([anyStream(), anyStream(), anyStream()])];
  const checked = random.chance(0.3) ? streams.pop() : undefined;
  const lastOrNone = (streamId: string): Promise<Based> =>
    random.chance(0.3) ? lastOf(store, streamId) : Promise.resolve(null);
  return basedOn(
    store,
    () => Promise.all(streams.map(lastOrNone)),
    async (read) => {
      const events = eventsOf(
        append,
        read.map((based) => ({ based, amount: random.between(1, 3) })),
      );
      const parts = streams.map(
        (streamId, index): StreamToAppend => ({
          streamId,
          events: events[index] ?? [],
          expectedVersion: read[index]?.version ?? 'any',
        }),
      );
      if (checked !== undefined)
        parts.push({ streamId: checked, events: [], expectedVersion: 'stream-exists' });
      acknowledge(append, (await store.appendToStreams(parts)).streams);
    },
  );
};

/** Sends one append twice: the second answer has to be the first one, and nothing may be added. */
const repeated: Operation = async (store, append) => {
  const streamId = anyStream();
  const { era } = store;
  const [events] = eventsOf(append, [{ based: null, amount: amountOfEvents() }]);
  const first = await store.append(streamId, events ?? [], { commandId: append });
  acknowledge(append, [first]);
  const second = await store.append(streamId, events ?? [], { commandId: append });
  if (second.duplicate && second.position === first.position) return;
  if (store.era !== era) return; // the first one was lost
  const answer = `answered ${second.position} for ${first.position}, duplicate: ${second.duplicate}`;
  journal.write('bad', append, answer);
};

class Undone extends Error {}

/** In a transaction of the caller, which may stay open for a while and may be rolled back. */
const inTransaction: Operation = async (store, append) => {
  const undo = random.chance(0.4);
  const hold = random.chance(0.2) ? random.between(5, 400) : 0;
  // Sorted, two such transactions wait for each other; in any order they deadlock, which is an outcome as well.
  const names = [anyStream(), anyStream()];
  if (random.chance(0.9)) names.sort();
  const [first = '', second = ''] = names;
  const [one, two] = eventsOf(append, [
    { based: null, amount: amountOfEvents() },
    { based: null, amount: 1 },
  ]);
  try {
    const results = await store.db.transaction().execute(async (transaction) => {
      const early = await store.append(first, one ?? [], { transaction });
      if (hold > 0) await delay(hold);
      const late = await store.append(second, two ?? [], { transaction });
      if (undo) throw new Undone();
      return [early, late];
    });
    acknowledge(append, results);
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
    journal.write('undone', append);
  }
};

const operations: readonly (readonly [weight: number, operation: Operation])[] = [
  [50, blind],
  [15, expecting],
  [12, excluding],
  [10, creating],
  [12, toSeveralStreams],
  [7, repeated],
  [6, inTransaction],
];

function pickOperation(): Operation {
  let at = random.fraction() * operations.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, operation] of operations) {
    at -= weight;
    if (at < 0) return operation;
  }
  return blind;
}

async function write(store: PostgresEventStore): Promise<void> {
  while (!stopped) {
    const append = nextAppend();
    if (random.chance(0.01)) clock.step(random.between(-HOUR_MS, HOUR_MS));
    try {
      await pickOperation()(store, append);
    } catch (error) {
      noteFailure(append, error);
      if (isOutage(error)) await delay(50);
    }
    // Bursts and pauses, so that appends overlap in more than one way.
    if (random.chance(0.3)) await delay(random.between(1, 40));
  }
}

const stop = () => {
  stopped = true;
};
await serve(stop, async () => {
  const { connectionString, maxConnections, concurrency } = task;
  await using store = createEventStore({ connectionString, events: [ledgerEvents], maxConnections });
  await Promise.all(Array.from({ length: concurrency }, () => write(store)));
});
