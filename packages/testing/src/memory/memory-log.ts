import { isDeepStrictEqual } from 'node:util';
import {
  EventIdReusedError,
  type EventMetadata,
  type ExpectedVersion,
  LogRewoundError,
  type RecordedEvent,
  StreamVersionConflictError,
} from '@leftfold/core';
import { type EventPlace, isInLog } from '@leftfold/core/input';
import {
  type AppendRequest,
  conditionFailed,
  matchesQuery,
  type PreparedCondition,
  readUpTo,
  type PreparedEvent,
  type StreamPart,
} from '@leftfold/core/append';

/** An event in the log. Its JSON is text, so that no reader can change it. */
export interface StoredEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly dataJson: string;
  readonly id: string;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly position: number;
  readonly recordedAt: Date;
  readonly metadataJson: string;
  readonly tags: readonly string[];
}

/** The result of an append. The events of a duplicate are those recorded the first time. */
export interface MemoryAppend {
  readonly duplicate: boolean;
  readonly streams: readonly { readonly streamVersion: number; readonly events: readonly StoredEvent[] }[];
}

/**
 * A log in memory, which makes one append after the other.
 *
 * Stores with the same log see the same events, like processes with the same database.
 */
export class MemoryLog {
  readonly #events: StoredEvent[] = [];
  readonly #byId = new Map<string, StoredEvent>();
  readonly #byStream = new Map<string, StoredEvent[]>();
  readonly #waiting = new Set<() => void>();

  get position(): number {
    return this.#events.length;
  }

  /**
   * @throws StreamVersionConflictError, AppendConditionFailedError, EventIdReusedError, LogRewoundError; nothing was
   * appended then
   */
  append({ streams, commandId, condition, eventCount }: AppendRequest, recordedAt: Date): MemoryAppend {
    this.#assertReaches(readUpTo(condition));
    const known = streams.flatMap(({ events }) => events.map(({ id }) => this.#byId.get(id)));
    if (this.#isDuplicate(streams, commandId, known)) {
      return this.#asFirstTime(streams, commandId, known.filter(isKnown));
    }
    const reused = this.#reusedId(streams, commandId, known);
    if (reused !== undefined) throw new EventIdReusedError(reused);
    for (const { streamId, expectedVersion } of streams) {
      const actual = this.#versionOf(streamId);
      if (!isAsExpected(expectedVersion, actual))
        throw new StreamVersionConflictError(streamId, expectedVersion, actual);
    }
    if (condition !== undefined) this.#assertNoMatch(condition);
    const appended = streams.map(({ streamId, events }) => {
      const stored = events.map((event) => this.#add(streamId, event, recordedAt));
      return { streamVersion: this.#versionOf(streamId), events: stored };
    });
    if (eventCount > 0) for (const wake of this.#waiting) wake();
    return { duplicate: false, streams: appended };
  }

  /** Events after a place, for a reader: the one at the place too if a part of it is still to be read. @throws LogRewoundError when the log never had that position, or that event */
  readAfter(place: EventPlace): readonly StoredEvent[] {
    this.#assertHas(place);
    return this.eventsAfter(firstAfter(place));
  }

  /** The first event after a place, if there is one. @throws like {@link readAfter} */
  nextAfter(place: EventPlace): StoredEvent | undefined {
    this.#assertHas(place);
    return this.#events[firstAfter(place)];
  }

  #assertHas(place: EventPlace): void {
    this.#assertReaches(place.position);
    const eventId = this.#events[place.position - 1]?.id;
    isInLog(place, { eventId, end: this.#events.length, mayAppear: false });
  }

  #assertReaches(position: number): void {
    const end = this.#events.length;
    if (position > end) throw new LogRewoundError({ lostFrom: position, lostTo: position, end });
  }

  /** Events after a position, in log order. */
  eventsAfter(position: number): readonly StoredEvent[] {
    return this.#events.slice(position);
  }

  eventsOf(streamId: string): readonly StoredEvent[] {
    return this.#byStream.get(streamId) ?? [];
  }

  /** Events whose ids were made from a command id. */
  eventsOfCommand(commandId: string): readonly StoredEvent[] {
    return this.#events.filter(
      ({ id, metadataJson }) => id.startsWith(`${commandId}:`) && commandIdIn(metadataJson) === commandId,
    );
  }

  /** Calls `wake` after each append, until the returned function is called. */
  onAppend(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #assertNoMatch(condition: PreparedCondition): void {
    const match = this.#events.findLast((event) =>
      condition.queries.some(
        ({ after = condition.after, ...query }) => event.position > after && matchesQuery(event, query),
      ),
    );
    if (match !== undefined) throw conditionFailed(condition, match);
  }

  #versionOf(streamId: string): number {
    return this.eventsOf(streamId).length;
  }

  #isDuplicate(
    streams: readonly StreamPart[],
    commandId: string | undefined,
    known: readonly (StoredEvent | undefined)[],
  ): boolean {
    if (known.length === 0) return false;
    if (commandId !== undefined) {
      const [first] = known;
      return first !== undefined && isOfCommand(commandId, streams, first);
    }
    return given(streams).every((one, index) => isSame(one, known[index]));
  }

  /** The first id that another event has; else the first that is in the log: the append is there in part. */
  #reusedId(
    streams: readonly StreamPart[],
    commandId: string | undefined,
    known: readonly (StoredEvent | undefined)[],
  ): string | undefined {
    const isOwn = (one: GivenEvent, stored: StoredEvent) =>
      commandId === undefined ? isSame(one, stored) : isOfCommand(commandId, streams, stored);
    const all = given(streams);
    const other = known.find((stored, index) => stored !== undefined && !isOwn(all[index]!, stored));
    return (other ?? known.find(isKnown))?.id;
  }

  #asFirstTime(
    streams: readonly StreamPart[],
    commandId: string | undefined,
    known: readonly StoredEvent[],
  ): MemoryAppend {
    const first = commandId === undefined ? known : this.eventsOfCommand(commandId);
    return {
      duplicate: true,
      streams: streams.map(({ streamId, expectedVersion: expected }) => {
        const events = first.filter((event) => event.streamId === streamId);
        const streamVersion = events.at(-1)?.streamVersion ?? (typeof expected === 'number' ? expected : 0);
        return { streamVersion, events };
      }),
    };
  }

  #add(streamId: string, event: PreparedEvent, recordedAt: Date): StoredEvent {
    const stream = this.#byStream.get(streamId) ?? [];
    const stored: StoredEvent = {
      type: event.type,
      schemaVersion: event.schemaVersion,
      dataJson: event.dataJson,
      id: event.id,
      streamId,
      streamVersion: stream.length + 1,
      position: this.#events.length + 1,
      recordedAt,
      metadataJson: event.metadataJson,
      tags: event.tags,
    };
    stream.push(stored);
    this.#byStream.set(streamId, stream);
    this.#events.push(stored);
    this.#byId.set(stored.id, stored);
    return stored;
  }
}

/** Of several events that a stored one is read as, those after the place are still to be read. */
function firstAfter({ position, index }: EventPlace): number {
  return index === undefined ? position : position - 1;
}

/** After a place that is one of several events that a stored one is read as, the others follow. */
export function isAfter({ position, index }: EventPlace): (event: RecordedEvent) => boolean {
  return (event) => event.position !== position || (event.readFrom?.index ?? 0) > (index ?? -1);
}

interface GivenEvent {
  readonly streamId: string;
  readonly event: PreparedEvent;
}

function given(streams: readonly StreamPart[]): readonly GivenEvent[] {
  return streams.flatMap(({ streamId, events }) => events.map((event) => ({ streamId, event })));
}

function isSame({ streamId, event }: GivenEvent, stored: StoredEvent | undefined): boolean {
  return stored?.streamId === streamId && stored.type === event.type && hasData(stored, event.dataJson);
}

/** An event that was appended with an id of its own can have the id that the command would give it. */
function isOfCommand(commandId: string, streams: readonly StreamPart[], stored: StoredEvent): boolean {
  return (
    commandIdIn(stored.metadataJson) === commandId &&
    streams.some(({ streamId }) => streamId === stored.streamId)
  );
}

function isKnown(event: StoredEvent | undefined): event is StoredEvent {
  return event !== undefined;
}

function isAsExpected(expected: ExpectedVersion, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'no-stream':
      return actual === 0;
    case 'stream-exists':
      return actual > 0;
  }
  return expected === actual;
}

function hasData(stored: StoredEvent, dataJson: string): boolean {
  return isDeepStrictEqual(JSON.parse(stored.dataJson), JSON.parse(dataJson));
}

function commandIdIn(metadataJson: string): unknown {
  return (JSON.parse(metadataJson) as EventMetadata).commandId;
}
