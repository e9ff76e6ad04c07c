import { numberArray } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';
import { callFunction } from './call-function.ts';
import type { DefinedProjection, ProjectionKey } from './inline.ts';

/** What came of a call to begin one, and the name of its subscription. */
export type BeginReplayOutcome =
  | { readonly outcome: 'started'; readonly name: string }
  | { readonly outcome: 'missing' | 'mismatched' };

/** @param positions up to where each slice goes. SQL: `_begin_replay`; takes no locks of what serves. */
export async function beginReplay(
  { run, schema }: SchemaConnection,
  { name, version, definitionHash }: DefinedProjection,
  positions: readonly number[],
): Promise<BeginReplayOutcome> {
  const [row] = await run<{ begun: string }>({
    name: undefined,
    text: `select "${schema}"._begin_replay($1, $2, $3, $4::bigint[])::text as begun`,
    values: [name, version, definitionHash, numberArray(positions)],
  });
  return JSON.parse(row?.begun ?? '{"outcome":"missing"}') as BeginReplayOutcome;
}

/** Lets each slice go further. @returns false when it is gone. SQL: one UPDATE by primary key. */
export function leadReplay(
  connection: SchemaConnection,
  replay: ProjectionKey,
  positions: readonly number[],
): Promise<boolean> {
  return callFunction(connection, '_lead_replay($1, $2, $3::bigint[])', [
    replay.name,
    replay.version,
    numberArray(positions),
  ]);
}

/** Keeps it for two minutes. @returns false when it is gone. SQL: one UPDATE by primary key. */
export function keepReplay(connection: SchemaConnection, { name, version }: ProjectionKey): Promise<boolean> {
  return callFunction(connection, '_keep_replay($1, $2)', [name, version]);
}

/** @returns false when it is gone. SQL: `_drop_replay`; waits for transactions that use its tables. */
export function dropReplay(connection: SchemaConnection, { name, version }: ProjectionKey): Promise<boolean> {
  return callFunction(connection, '_drop_replay($1, $2)', [name, version]);
}

/** Drops those that killed processes have left behind. SQL: `_drop_abandoned_replays`; waits for no lock for long. */
export async function dropAbandonedReplays({ run, schema }: SchemaConnection): Promise<void> {
  await run({ name: undefined, text: `select "${schema}"._drop_abandoned_replays()`, values: [] });
}

/** The schema of a replay's tables. @param name of its subscription */
export function replaySchema(storeSchema: string, name: string): string {
  return `${storeSchema}__${name.slice(name.indexOf('+') + 1)}`;
}
