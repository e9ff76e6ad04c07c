import {
  type AppendContext,
  AppendTooLargeError,
  assertId,
  type EventCatalog,
  EventIdReusedError,
  type ExpectedVersion,
  InvalidEventError,
  type JsonValue,
  type NewEvent,
  uuidv7,
  type StreamToAppend,
} from '@leftfold/core';
import type { EventToAppend, CheckedStream } from './memory-log.ts';

/** Largest payload of one event with its metadata, in characters of JSON. */
const MAX_EVENT_SIZE = 1024 * 1024;

/**
 * Checks an append as every store has to.
 *
 * @throws InvalidNameError, UnknownEventError, InvalidEventError, EventIdReusedError, AppendTooLargeError, RangeError
 */
export function checkedAppend(
  catalog: EventCatalog,
  appends: readonly StreamToAppend[],
  { commandId, metadata }: AppendContext,
  now: Date,
): readonly CheckedStream[] {
  if (commandId !== undefined) assertId('command id', commandId);
  if (appends.length === 0) throw new TypeError('an append names at least one stream');
  assertStorable('metadata', 1, metadata ?? {});
  const ids = new Set<string>();
  const streamIds = new Set<string>();

  const checkedEvent = (streamId: string, event: NewEvent): EventToAppend => {
    const id = event.id ?? (commandId === undefined ? uuidv7(now.getTime()) : `${commandId}:${ids.size + 1}`);
    assertId('event id', id);
    if (ids.has(id)) throw new EventIdReusedError(id);
    ids.add(id);
    const { type, schemaVersion, tags = [] } = event;
    const data = catalog.payloadOf(event);
    const ofCommand = commandId === undefined ? {} : { commandId };
    const merged = { ...metadata, ...ofCommand, ...event.metadata };
    const size = assertStorable(type, schemaVersion, data) + assertStorable(type, schemaVersion, merged);
    if (size > MAX_EVENT_SIZE)
      throw new AppendTooLargeError(streamId, `size of event "${type}"`, size, MAX_EVENT_SIZE);
    for (const tag of tags) assertId('tag', tag);
    return { id, type, schemaVersion, data, metadata: merged, tags: [...tags] };
  };

  return appends.map(({ streamId, events, expectedVersion = 'any' }) => {
    assertId('stream id', streamId);
    if (streamIds.has(streamId)) throw new TypeError(`stream "${streamId}" is named twice in one append`);
    streamIds.add(streamId);
    assertExpected(expectedVersion);
    return {
      streamId,
      expected: expectedVersion,
      events: events.map((event) => checkedEvent(streamId, event)),
    };
  });
}

function assertExpected(expected: ExpectedVersion): void {
  if (expected === 'any' || expected === 'no-stream' || expected === 'stream-exists') return;
  if (!Number.isSafeInteger(expected) || expected < 0) {
    throw new RangeError(`expected version must be a whole number from 0, not ${String(expected)}`);
  }
}

/** @returns its size. @throws InvalidEventError for what Postgres could not store either. */
function assertStorable(type: string, schemaVersion: number, value: JsonValue): number {
  const json = JSON.stringify(value, (key, member: unknown) => {
    if (!isStorable(key) || (typeof member === 'string' && !isStorable(member))) {
      const message = 'has a NUL character or half of a surrogate pair';
      throw new InvalidEventError(type, schemaVersion, [{ path: '', code: 'unstorable_character', message }]);
    }
    return member;
  });
  return json.length;
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
