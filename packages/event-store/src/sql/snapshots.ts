import { assertId, InvalidArgumentError, type Snapshot } from '@leftfold/core';
import { storedLength } from '@leftfold/core/append';
import { assertWhole } from '@leftfold/core/input';
import type { Statement } from '@leftfold/postgres';
import { type PageRow, pageStatement } from './page.ts';

/** Bytes of a state as JSON, numbers with all digits. Whoever loads the snapshot has it in memory. */
const MAX_STATE_BYTES = 16 * 1024 * 1024;

/** An event from the snapshot's own on, and what the snapshot says: in the row of its own event only. */
export interface SnapshotRow extends PageRow {
  readonly snapshot_position: number | null;
  readonly state: unknown;
}

/**
 * A snapshot with the events from its own on, in their order. No row when there is none.
 *
 * SQL: one statement, so one snapshot of the database; the primary key of `snapshots`, then a range of
 * `events_stream_version_key`.
 *
 * @param limit becomes part of the statement, so that its plan is made once
 */
export function loadSnapshotStatement(
  schema: string,
  streamId: string,
  key: string,
  limit: number,
): Statement {
  const tail = pageStatement({
    from: `"${schema}".events`,
    where: 'events.stream_id = snapshot.stream_id and events.stream_version >= snapshot.stream_version',
    order: 'stream_version',
    limit: String(limit),
  });
  return {
    name: `leftfold load snapshot ${schema}`,
    text: `select case when event.stream_version = snapshot.stream_version then snapshot.position end as snapshot_position,
                  case when event.stream_version = snapshot.stream_version then snapshot.state end as state,
                  event.*
             from "${schema}".snapshots as snapshot
             join lateral (${tail}) as event on true
            where snapshot.stream_id = $1
              and snapshot.key = $2
            order by event.stream_version`,
    values: [streamId, key],
  };
}

/**
 * Keeps the newer of two: a slow writer never puts an older snapshot over a newer one.
 *
 * @throws InvalidNameError, InvalidArgumentError
 */
export function saveSnapshotStatement(
  schema: string,
  streamId: string,
  key: string,
  snapshot: Snapshot,
): Statement {
  assertId('stream id', streamId);
  assertId('snapshot key', key);
  assertWhole('streamVersion', snapshot.streamVersion, { least: 1 });
  assertWhole('position', snapshot.position, { least: 1 });
  const state = JSON.stringify(snapshot.state);
  const bytes = storedLength(state);
  if (bytes > MAX_STATE_BYTES) {
    const problem = `has ${bytes} bytes as JSON, a snapshot has at most ${MAX_STATE_BYTES}; keep less in the state, or remove the snapshots policy`;
    throw new InvalidArgumentError('snapshot.state', problem);
  }
  return {
    name: `leftfold save snapshot ${schema}`,
    text: `select "${schema}"._save_snapshot($1, $2, $3, $4, $5)`,
    values: [streamId, key, snapshot.streamVersion, snapshot.position, state],
  };
}
