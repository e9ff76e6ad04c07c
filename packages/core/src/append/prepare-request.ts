import { AppendTooLargeError, EventIdReusedError, type ExpectedVersion } from '../errors/append-errors.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { shownId } from '../errors/shown.ts';
import { assertList, assertWhole, type OptionNames } from '../input/assert-argument.ts';
import { assertGiven } from '../input/assert-definition.ts';
import { reading } from '../input/reading.ts';
import type { EventCatalog } from '../event/event-catalog.ts';
import { assertId } from '../naming/names.ts';
import type { AppendContext, StreamToAppend } from '../store/event-store.ts';
import { type AppendLimits, MAX_STREAMS_WITH_CHECKS } from './append-limits.ts';
import type { AppendRequest, PreparedCondition, StreamPart } from './append-request.ts';
import { AppendSize, memoryOf } from './append-size.ts';
import { EventPreparation } from './event-preparation.ts';
import { prepareCondition } from './prepare-condition.ts';

/** The store's part in preparing an append. */
export interface PrepareContext {
  readonly catalog: EventCatalog;
  readonly limits: AppendLimits;
  /** Milliseconds since 1970, for the ids of events without an id. */
  readonly now: number;
}

const appendNames: OptionNames<StreamToAppend> = { streamId: true, events: true, expectedVersion: true };

const NO_TAGS: ReadonlySet<string> = new Set();

/**
 * Validates an append and makes it ready to be stored. Every event store calls it first, so that all of them refuse the
 * same input.
 *
 * The order is by cost: counts and names of the whole append, then for each event its payload's schema, its size, and
 * characters that cannot be stored. O(n), up to the first error.
 *
 * @throws InvalidNameError, InvalidArgumentError, UnknownEventError, InvalidEventError, AppendTooLargeError,
 * EventIdReusedError
 */
export function prepareRequest(
  { catalog, limits, now }: PrepareContext,
  given: readonly StreamToAppend[],
  context: AppendContext,
): AppendRequest {
  const { commandId } = context;
  if (commandId !== undefined) assertId('command id', commandId);
  const appends = readOnce(given);
  const [first] = appends;
  if (first === undefined) throw new InvalidArgumentError('appends', 'must name at least one stream');
  const eventCount = checkedCount(limits, appends, first.streamId);
  const condition =
    context.condition === undefined
      ? undefined
      : prepareCondition(context.condition, first.streamId, catalog);
  const size = new AppendSize(limits, first.streamId, eventCount === 1);
  const preparation = new EventPreparation(catalog, now, size, context);
  const streams = appends.map(({ streamId, events, expectedVersion = 'any' }): StreamPart => {
    // A copy, since map leaves out elements that a list does not have.
    const all = reading('events', () => Array.from(events));
    const prepared = all.map((event) => preparation.prepare(streamId, event));
    return { streamId, expectedVersion, events: prepared };
  });
  assertAllDiffer(streams);
  const { era } = context;
  assertWhole('era', era);
  return {
    streams,
    commandId,
    condition,
    era,
    tags: tagsOf(streams),
    types: typesOf(streams),
    eventCount,
    size: size.characters,
    memory: size.memory + memoryBesideEvents(streams.length, condition),
  };
}

/** What a request takes in memory for itself, and for each of its streams. */
const REQUEST_MEMORY = 1024;
const STREAM_MEMORY = 512;

function memoryBesideEvents(streamCount: number, condition: PreparedCondition | undefined): number {
  let size = REQUEST_MEMORY + streamCount * STREAM_MEMORY;
  for (const { tags = [], types = [] } of condition?.queries ?? []) size += memoryOf(tags) + memoryOf(types);
  return size;
}

/** JavaScript callers may give anything, also what gives another value when it is read again. */
function readOnce(appends: readonly (StreamToAppend | null)[]): readonly StreamToAppend[] {
  assertList('appends', appends);
  return reading('appends', () =>
    Array.from(appends, (append) => {
      assertGiven('appends', append, appendNames);
      const { streamId, events, expectedVersion } = append as StreamToAppend;
      assertList('events', events);
      return { streamId, events, expectedVersion };
    }),
  );
}

/** Validates the streams of an append, without its events. @returns the number of events */
function checkedCount(limits: AppendLimits, appends: readonly StreamToAppend[], owner: string): number {
  let eventCount = 0;
  let checks = 0;
  for (const { streamId, events, expectedVersion } of appends) {
    assertId('stream id', streamId);
    if (expectedVersion !== undefined) assertExpectedVersion(expectedVersion);
    const count = reading('events', () => events.length);
    eventCount += count;
    if (count === 0) checks += 1;
  }
  if (eventCount > limits.events)
    throw new AppendTooLargeError(owner, 'number of events', eventCount, limits.events);
  if (checks > 0 && appends.length > MAX_STREAMS_WITH_CHECKS) {
    const what = 'number of streams in an append that checks one';
    const fix = 'check fewer of them, or none';
    throw new AppendTooLargeError(owner, what, appends.length, MAX_STREAMS_WITH_CHECKS, { fix });
  }
  return eventCount;
}

/** @throws InvalidArgumentError when it is no version, and none of the words */
export function assertExpectedVersion(expected: unknown): asserts expected is ExpectedVersion {
  if (expected === 'any' || expected === 'no-stream' || expected === 'stream-exists') return;
  if (typeof expected === 'number' && Number.isSafeInteger(expected) && expected >= 0) return;
  const taken = `a whole number from 0, 'any', 'no-stream' or 'stream-exists'`;
  throw InvalidArgumentError.notOneOf(taken, 'expectedVersion', expected);
}

/** @throws InvalidArgumentError when a stream occurs twice, EventIdReusedError when an event id does. */
function assertAllDiffer(parts: readonly StreamPart[]): void {
  // Most appends are one event to one stream.
  if (parts.length === 1 && parts[0]!.events.length <= 1) return;
  const streams = new Set<string>();
  const ids = new Set<string>();
  for (const { streamId, events } of parts) {
    if (streams.has(streamId))
      throw new InvalidArgumentError('appends', `name stream ${shownId(streamId)} twice; join its events`);
    streams.add(streamId);
    for (const { id } of events) {
      if (ids.has(id)) throw new EventIdReusedError(id);
      ids.add(id);
    }
  }
}

function typesOf(parts: readonly StreamPart[]): ReadonlySet<string> {
  const types = new Set<string>();
  for (const { events } of parts) for (const { type } of events) types.add(type);
  return types;
}

function tagsOf(parts: readonly StreamPart[]): ReadonlySet<string> {
  const tagged = parts.some(({ events }) => events.some(({ tags }) => tags.length > 0));
  return tagged ? new Set(parts.flatMap(({ events }) => events.flatMap(({ tags }) => tags))) : NO_TAGS;
}
