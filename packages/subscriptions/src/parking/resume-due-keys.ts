import { type RecordedEvent } from '@leftfold/core';
import { isOperational } from '@leftfold/postgres';
import { BatchFailure } from '../handler/batch-failure.ts';
import { inSlot, takeHandlerSlot } from '../loop/background-slot.ts';
import type { LoopOptions } from '../loop/loop-options.ts';
import type { TermProgress } from '../loop/term-progress.ts';
import { prepareBatch, writeBatch } from '../loop/write-batch.ts';
import { type DueKey, readDueKeys, readParkedHeads } from '../sql/parked.ts';
import type { ParkedPlace } from '../sql/parking-change.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { readFirstAt } from './read-events-at.ts';
import { writeParking } from './write-parking.ts';

/** Stored events that are processed at one time, at most: fewer, when they are read as many or are large. */
const EVENTS = 100;

/** What resumes keys: a subscription, and this process's term of it. */
interface Resuming {
  readonly options: LoopOptions;
  readonly subscription: Subscription;
  readonly progress: TermProgress;
}

/** The first events of parked keys. */
interface Queue {
  readonly due: readonly DueKey[];
  readonly places: readonly ParkedPlace[];
  readonly events: readonly RecordedEvent[];
  /** Keys that have no other events. */
  readonly ended: readonly string[];
}

/**
 * Processes the events of the parked keys that are due, in the order of each key, each batch in a transaction with the
 * record that they are processed. Call it while no batch is being written.
 *
 * A key whose event fails again is parked again, with what is left of its events.
 *
 * @returns `fenced` when a batch was not written
 * @throws what the database reports when its state is the cause
 */
export async function resumeDueKeys(resuming: Resuming): Promise<'done' | 'fenced'> {
  const { options, subscription, progress } = resuming;
  const { keysAtOnce = 1 } = subscription.definition;
  let limit = EVENTS;
  while (progress.parking.size > 0 && !progress.signal.aborted) {
    // Each step processes events of these keys, or fails, which makes the key wait.
    const { store } = options;
    const atOnce = Math.min(keysAtOnce, limit);
    const due = await inSlot(store, progress, () => readDueKeys(store, progress.term, atOnce));
    if (due.length === 0) break;
    const queue = await readQueue(resuming, due, limit);
    try {
      if (!(await process(resuming, queue))) return 'fenced';
      limit = EVENTS;
    } catch (error) {
      progress.handler.forget?.();
      progress.parking.discard();
      const smaller = smallerLimit(error, queue.places.length);
      limit = smaller ?? EVENTS;
      if (smaller === undefined && !(await parkAgain(resuming, queue, error))) return 'fenced';
    }
  }
  return 'done';
}

async function readQueue(
  { options: { store }, subscription: { definition }, progress }: Resuming,
  due: readonly DueKey[],
  limit: number,
): Promise<Queue> {
  const ofEach = Math.max(1, Math.floor(limit / due.length));
  const keys = due.map(({ key }) => key);
  const counts = new Map(keys.map((key) => [key, 0]));
  const run = <TResult>(work: () => Promise<TResult>) => inSlot(store, progress, work);
  const heads = await run(() => readParkedHeads(store, progress.term, { keys, limit: ofEach + 1 }));
  const places = heads.filter(({ key }) => {
    const count = counts.get(key)! + 1;
    counts.set(key, count);
    return count <= ofEach;
  });
  places.sort((one, other) => one.position - other.position);
  const positions = [...new Set(places.map(({ position }) => position))];
  const { events, through } = await readFirstAt(store, definition.eventTypes, positions, { run });
  const left = new Set(places.filter(({ position }) => position > through).map(({ key }) => key));
  const ended = keys.filter((key) => counts.get(key)! <= ofEach && !left.has(key));
  return { due, places: places.filter(({ position }) => position <= through), events, ended };
}

/** @returns false when it was not written */
async function process({ options, subscription, progress }: Resuming, queue: Queue): Promise<boolean> {
  const { parking, position: at } = progress;
  parking.resume(at, queue.places, queue.ended);
  const page = parking.pageOf(at, queue.places, queue.events, failedBeforeOf(queue.due));
  const free = await takeHandlerSlot(options.store, progress);
  try {
    const prepared = await prepareBatch(options, subscription, progress, page);
    return await writeBatch(options, subscription, progress, prepared);
  } finally {
    free();
  }
}

function failedBeforeOf(due: readonly DueKey[]) {
  return new Map(due.map(({ key, failed_position: position, attempts }) => [key, { position, attempts }]));
}

/** @returns undefined when the first event is the one that failed @throws the error, when it is no event's fault */
function smallerLimit(error: unknown, count: number): number | undefined {
  if (!(error instanceof BatchFailure) || isOperational(error.cause) || count === 0) throw error;
  const before = error.batch.failing?.before;
  return count === 1 ? undefined : Math.max(1, before ?? Math.floor(count / 2));
}

/** @returns false when it was not written */
async function parkAgain(
  { options, subscription, progress }: Resuming,
  { due, places, events }: Queue,
  error: unknown,
): Promise<boolean> {
  const { key } = places[0]!;
  const event = events[0]!;
  const { attempts, failed_position: before } = due.find((one) => one.key === key)!;
  const cause = error instanceof BatchFailure ? error.cause : error;
  const tries = before === event.position ? attempts + 1 : 1;
  const failed = { event, cause, release: subscription.release, attempts: tries };
  progress.parking.parkAgain(progress.position, key, failed);
  return writeParking(options, subscription, progress, { to: progress.position, failed, keys: [key] });
}
