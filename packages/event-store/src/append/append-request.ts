import {
  type AppendContext,
  AppendTooLargeError,
  assertId,
  type EventCatalog,
  EventIdReusedError,
  type EventMetadata,
  type ExpectedVersion,
  type JsonValue,
  type NewEvent,
  uuidv7,
  type StreamToAppend,
} from '@leftfold/core';
import { type PreparedCondition, prepareCondition } from './append-condition.ts';
import { toStorableJson } from './storable-json.ts';

/** An event that is checked and ready to be sent. */
export interface PreparedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  readonly dataJson: string;
  readonly metadata: EventMetadata;
  readonly metadataJson: string;
  readonly tags: readonly string[];
}

/** One stream's part of a request. */
export interface StreamPart {
  readonly streamId: string;
  /** A version, or one of the codes of `append_batch`. */
  readonly expectedCode: number;
  /** As the caller said it, for messages. */
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly PreparedEvent[];
}

/** One atomic append, checked and ready to be sent. */
export interface AppendRequest {
  readonly streams: readonly StreamPart[];
  readonly commandId: string | undefined;
  readonly condition: PreparedCondition | undefined;
  /** Of all its events, each once. */
  readonly tags: ReadonlySet<string>;
  readonly eventCount: number;
  /** Characters of all payloads and metadata. */
  readonly size: number;
}

/** What one append may hold. */
export interface AppendLimits {
  /** Bytes of one event's data and metadata as JSON. */
  readonly eventBytes: number;
  /** Characters of a whole append as JSON. */
  readonly appendSize: number;
  /** Events of a whole append. */
  readonly events: number;
}

/** Postgres refuses a parameter of 1 GB; long before that one append holds up all others. */
export const defaultLimits: AppendLimits = {
  eventBytes: 1024 * 1024,
  appendSize: 32 * 1024 * 1024,
  events: 10_000,
};

const NO_METADATA: EventMetadata = Object.freeze({});
const NO_TAGS: ReadonlySet<string> = new Set();

const ANY = -1;
const STREAM_EXISTS = -2;
const MAX_TAGS = 64;
/** Each takes a lock, and Postgres has room for some thousands of them. */
const MAX_STREAMS_WITH_CHECKS = 1_000;

/**
 * Checks an append and makes it ready to be sent. Nothing was sent when this throws.
 *
 * @throws InvalidNameError, UnknownEventError, InvalidEventError, AppendTooLargeError, EventIdReusedError, RangeError,
 * TypeError
 */
export function prepareRequest(
  catalog: EventCatalog,
  limits: AppendLimits,
  appends: readonly StreamToAppend[],
  context: AppendContext,
): AppendRequest {
  const { commandId } = context;
  if (commandId !== undefined) assertId('command id', commandId);
  const shared =
    commandId === undefined ? (context.metadata ?? NO_METADATA) : { ...context.metadata, commandId };
  const sharedJson = shared === NO_METADATA ? '{}' : metadataJsonOf('append', shared);
  const preparing = new Preparation(catalog, limits, commandId, shared, sharedJson);
  const streams = appends.map(({ streamId, events, expectedVersion = 'any' }): StreamPart => {
    assertId('stream id', streamId);
    return {
      streamId,
      expectedCode: toExpectedCode(expectedVersion),
      expectedVersion,
      events: events.map((event) => preparing.prepare(streamId, event)),
    };
  });

  const [first] = streams;
  if (first === undefined) throw new TypeError('an append names at least one stream');
  assertAllDiffer(streams);
  const { eventCount, size } = preparing;
  if (eventCount > limits.events)
    throw new AppendTooLargeError(first.streamId, 'number of events', eventCount, limits.events);
  if (streams.length > MAX_STREAMS_WITH_CHECKS && streams.some(({ events }) => events.length === 0)) {
    const what = 'number of streams in an append that checks one';
    throw new AppendTooLargeError(first.streamId, what, streams.length, MAX_STREAMS_WITH_CHECKS);
  }
  if (size > limits.appendSize)
    throw new AppendTooLargeError(
      first.streamId,
      'size of the append in characters',
      size,
      limits.appendSize,
    );
  const condition =
    context.condition === undefined ? undefined : prepareCondition(context.condition, first.streamId);
  return { streams, commandId, condition, tags: tagsOf(streams), eventCount, size };
}

/** Prepares the events of one append, and counts them. */
class Preparation {
  readonly #catalog: EventCatalog;
  readonly #limits: AppendLimits;
  readonly #commandId: string | undefined;
  readonly #shared: EventMetadata;
  readonly #sharedJson: string;
  readonly #now = Date.now();
  eventCount = 0;
  size = 0;

  constructor(
    catalog: EventCatalog,
    limits: AppendLimits,
    commandId: string | undefined,
    shared: EventMetadata,
    sharedJson: string,
  ) {
    this.#catalog = catalog;
    this.#limits = limits;
    this.#commandId = commandId;
    this.#shared = shared;
    this.#sharedJson = sharedJson;
  }

  prepare(streamId: string, event: NewEvent): PreparedEvent {
    this.eventCount += 1;
    const { type, schemaVersion } = event;
    const data = this.#catalog.payloadOf(event);
    const dataJson = toStorableJson(type, schemaVersion, data);
    const shared = this.#shared;
    const metadata = event.metadata === undefined ? shared : { ...shared, ...event.metadata };
    const metadataJson = metadata === shared ? this.#sharedJson : metadataJsonOf(type, metadata);
    assertEventSize(this.#limits, streamId, type, dataJson, metadataJson);
    this.size += dataJson.length + metadataJson.length;
    const tags = checkedTags(event);
    return { id: this.#idOf(event), type, schemaVersion, data, dataJson, metadata, metadataJson, tags };
  }

  #idOf(event: NewEvent): string {
    if (event.id === undefined && this.#commandId === undefined) return uuidv7(this.#now);
    const id = event.id ?? `${this.#commandId}:${this.eventCount}`;
    assertId('event id', id);
    return id;
  }
}

/** @throws TypeError for a stream, EventIdReusedError for an event id that is named twice */
function assertAllDiffer(entries: readonly StreamPart[]): void {
  // Most appends are one event to one stream.
  if (entries.length === 1 && entries[0]!.events.length <= 1) return;
  const streams = new Set<string>();
  const ids = new Set<string>();
  for (const { streamId, events } of entries) {
    if (streams.has(streamId))
      throw new TypeError(`stream "${streamId}" is named twice in one append; join its events`);
    streams.add(streamId);
    for (const { id } of events) {
      if (ids.has(id)) throw new EventIdReusedError(id);
      ids.add(id);
    }
  }
}

function tagsOf(entries: readonly StreamPart[]): ReadonlySet<string> {
  const tagged = entries.some(({ events }) => events.some(({ tags }) => tags.length > 0));
  return tagged ? new Set(entries.flatMap(({ events }) => events.flatMap(({ tags }) => tags))) : NO_TAGS;
}

function metadataJsonOf(owner: string, metadata: EventMetadata): string {
  return toStorableJson(`metadata of ${owner}`, 1, metadata);
}

function toExpectedCode(expected: ExpectedVersion): number {
  switch (expected) {
    case 'any':
      return ANY;
    case 'no-stream':
      return 0;
    case 'stream-exists':
      return STREAM_EXISTS;
  }
  if (!Number.isSafeInteger(expected) || expected < 0) {
    throw new RangeError(
      `expected version must be a whole number from 0, 'any', 'no-stream' or 'stream-exists', not ${String(expected)}`,
    );
  }
  return expected;
}

function checkedTags(event: NewEvent): readonly string[] {
  const tags = event.tags ?? [];
  if (tags.length > MAX_TAGS)
    throw new AppendTooLargeError(event.type, 'number of tags of one event', tags.length, MAX_TAGS);
  for (const tag of tags) assertId('tag', tag);
  return tags;
}

function assertEventSize(
  limits: AppendLimits,
  streamId: string,
  type: string,
  dataJson: string,
  metadataJson: string,
): void {
  const characters = dataJson.length + metadataJson.length;
  // A character has at most 3 bytes for each UTF-16 unit: most events need no counting.
  if (characters * 3 <= limits.eventBytes) return;
  const bytes = Buffer.byteLength(dataJson) + Buffer.byteLength(metadataJson);
  if (bytes > limits.eventBytes)
    throw new AppendTooLargeError(streamId, `size of event "${type}" in bytes`, bytes, limits.eventBytes);
}
