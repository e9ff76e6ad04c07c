import {
  type AppendToStreamsResult,
  type AppendResult,
  copyJson,
  EventIdReusedError,
  type RecordedEvent,
  type StoredPlace,
  StreamVersionConflictError,
} from '@leftfold/core';
import { type AppendRequest, conditionFailed, type StreamPart } from '@leftfold/core/append';
import type { StoredEvent } from '../read/read-every.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';

/**
 * What the caller gets for an outcome.
 *
 * @param recorded the request's events as they are in the log, for a duplicate
 * @throws StreamVersionConflictError, AppendConditionFailedError, EventIdReusedError
 */
export function toAppendResult(
  request: AppendRequest,
  outcome: AppendOutcome,
  recorded: readonly StoredEvent[],
): AppendToStreamsResult {
  switch (outcome.kind) {
    case 'conflict': {
      const { streamId, expectedVersion } = request.streams[outcome.streamIndex]!;
      throw new StreamVersionConflictError(streamId, expectedVersion, outcome.actual);
    }
    case 'log-changed':
    case 'not-applied':
      throw new TypeError('the append has to be sent again');
    case 'matched':
      throw conditionFailed(request.condition!, outcome.event);
    case 'event-id-reused':
      throw new EventIdReusedError(outcome.eventId);
    case 'duplicate': {
      const streams = request.streams.map((stream) => duplicateResult(stream, recorded));
      return { position: positionOf(recorded), streams, duplicate: true };
    }
    case 'appended': {
      let before = 0;
      const streams = request.streams.map(({ streamId, events: prepared }, index): AppendResult => {
        const base = outcome.versions[index] ?? 0;
        const events = prepared.map(
          (event, offset): RecordedEvent => ({
            type: event.type,
            schemaVersion: event.read.schemaVersion,
            data: event.read.data,
            id: event.id,
            streamId,
            streamVersion: base + offset + 1,
            position: outcome.positions[before + offset] ?? 0,
            // Events of one append share these.
            recordedAt: new Date(outcome.recordedAt),
            metadata: copyJson(event.metadata),
            tags: event.tags,
          }),
        );
        before += events.length;
        return {
          streamVersion: base + events.length,
          position: positionOf(events),
          events,
          duplicate: false,
        };
      });
      return { position: outcome.positions.at(-1) ?? 0, streams, duplicate: false };
    }
  }
}

/**
 * The result of an append to one stream. A method that gets the events returns this: awaiting the append there would keep
 * the events as they were given in memory until it has ended.
 */
export async function firstStream(appended: Promise<AppendToStreamsResult>): Promise<AppendResult> {
  const { streams } = await appended;
  return streams[0]!;
}

function duplicateResult(
  { streamId, expectedVersion }: StreamPart,
  recorded: readonly StoredEvent[],
): AppendResult {
  const stored = recorded.filter((event) => event.streamId === streamId);
  const streamVersion =
    stored.at(-1)?.streamVersion ?? (typeof expectedVersion === 'number' ? expectedVersion : 0);
  const events = stored.flatMap((event) => event.events);
  return { streamVersion, position: positionOf(stored), events, duplicate: true };
}

function positionOf(events: readonly Pick<StoredPlace, 'position'>[]): number {
  return events.at(-1)?.position ?? 0;
}
