import {
  type AppendToStreamsResult,
  AppendConditionFailedError,
  type AppendResult,
  EventIdReusedError,
  type RecordedEvent,
  StreamVersionConflictError,
} from '@leftfold/core';
import type { AppendRequest, StreamPart } from '@leftfold/core/append';
import type { AppendOutcome } from '../sql/append.ts';

/**
 * What the caller gets for an outcome.
 *
 * @param recorded the request's events as they are in the log, for an outcome that is a repetition.
 * @throws StreamVersionConflictError, AppendConditionError, EventIdReusedError
 */
export function toAppendResult(
  request: AppendRequest,
  outcome: AppendOutcome,
  recorded: readonly RecordedEvent[],
): AppendToStreamsResult {
  switch (outcome.kind) {
    case 'conflict': {
      const entry = request.streams[outcome.entry]!;
      throw new StreamVersionConflictError(entry.streamId, entry.expectedVersion, outcome.actual);
    }
    case 'matched':
      throw new AppendConditionFailedError(outcome.position, request.condition?.after ?? 0);
    case 'event-id-reused':
      throw new EventIdReusedError(outcome.eventId);
    case 'duplicate': {
      const streams = request.streams.map((entry) => duplicateResult(entry, recorded));
      return { position: positionOf(recorded), streams, duplicate: true };
    }
    case 'appended': {
      let before = 0;
      const streams = request.streams.map((entry, index): AppendResult => {
        const base = outcome.versions[index] ?? 0;
        const events = entry.events.map(
          (event, offset): RecordedEvent => ({
            type: event.type,
            schemaVersion: event.schemaVersion,
            data: event.data,
            id: event.id,
            streamId: entry.streamId,
            streamVersion: base + offset + 1,
            position: outcome.positions[before + offset] ?? 0,
            recordedAt: outcome.recordedAt,
            metadata: event.metadata,
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

function duplicateResult(entry: StreamPart, recorded: readonly RecordedEvent[]): AppendResult {
  const events = recorded.filter(({ streamId }) => streamId === entry.streamId);
  const streamVersion =
    events.at(-1)?.streamVersion ?? (typeof entry.expectedVersion === 'number' ? entry.expectedVersion : 0);
  return { streamVersion, position: positionOf(events), events, duplicate: true };
}

function positionOf(events: readonly RecordedEvent[]): number {
  return events.at(-1)?.position ?? 0;
}
