import type { Snapshot } from '@leftfold/core';
import type { Statement } from '../connect/statement-runner.ts';

export interface SnapshotRow {
  readonly stream_version: string;
  readonly position: string;
  readonly state: unknown;
}

export function loadSnapshotStatement(schema: string, streamId: string, key: string): Statement {
  return {
    name: `leftfold load snapshot ${schema}`,
    text: `select stream_version::text, position::text, state from "${schema}".snapshots where stream_id = $1 and key = $2`,
    values: [streamId, key],
  };
}

/** Keeps the newer of two: a slow writer never puts an older snapshot over a newer one. */
export function saveSnapshotStatement(
  schema: string,
  streamId: string,
  key: string,
  snapshot: Snapshot,
): Statement {
  return {
    name: `leftfold save snapshot ${schema}`,
    text: `insert into "${schema}".snapshots as kept (stream_id, key, stream_version, position, state)
           values ($1, $2, $3, $4, $5)
           on conflict (stream_id, key) do update
              set stream_version = excluded.stream_version, position = excluded.position,
                  state = excluded.state, saved_at = clock_timestamp()
            where kept.stream_version < excluded.stream_version`,
    values: [streamId, key, snapshot.streamVersion, snapshot.position, JSON.stringify(snapshot.state)],
  };
}
