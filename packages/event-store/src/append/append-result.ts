import {
  type AppendAllResult,
  AppendConditionError,
  type AppendResult,
  EventIdReusedError,
  type RecordedEvent,
  StreamVersionConflictError,
} from '@leftfold/core';
import type { AppendOutcome } from '../sql/append.ts';
import type { AppendEntry, AppendRequest } from './append-request.ts';

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
): AppendAllResult {
  switch (outcome.kind) {
    case 'conflict': {
      const entry = request.entries[outcome.entry]!;
      throw new StreamVersionConflictError(entry.streamId, entry.given, outcome.actual);
    }
    case 'matched':
      throw new AppendConditionError(outcome.position, request.condition?.after ?? 0);
    case 'event-id-reused':
      throw new EventIdReusedError(outcome.eventId);
    case 'repeated': {
      const streams = request.entries.map((entry) => repeatedResult(entry, recorded));
      return { position: positionOf(recorded), streams, repeated: true };
    }
    case 'appended': {
      let before = 0;
      const streams = request.entries.map((entry, index): AppendResult => {
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
        return { streamVersion: base + events.length, position: positionOf(events), events, repeated: false };
      });
      return { position: outcome.positions.at(-1) ?? 0, streams, repeated: false };
    }
  }
}

function repeatedResult(entry: AppendEntry, recorded: readonly RecordedEvent[]): AppendResult {
  const events = recorded.filter(({ streamId }) => streamId === entry.streamId);
  const streamVersion = events.at(-1)?.streamVersion ?? (typeof entry.given === 'number' ? entry.given : 0);
  return { streamVersion, position: positionOf(events), events, repeated: true };
}

function positionOf(events: readonly RecordedEvent[]): number {
  return events.at(-1)?.position ?? 0;
}
