import { numberArray, type StatementRunner, textArray } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';
import { callFunction } from './call-function.ts';
import type { DefinedProjection, ProjectionKey } from './inline.ts';

/** How a copy of a version's tables is to be built. */
export interface NewCopy {
  readonly slices: number;
  /** Most events in a second; undefined for no limit. */
  readonly eventsPerSecond: number | undefined;
  /** Whether the process that builds it lets it serve. */
  readonly switches: boolean;
  /** The only release whose processes build it. */
  readonly release: string;
}

/** What came of a call to build one. `kept`: the copy would not have these objects. */
export type BeginOutcome =
  | { readonly outcome: 'started' | 'joined'; readonly rebuildId: string }
  | { readonly outcome: 'kept'; readonly objects: readonly string[] }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'mismatched' };

/** A copy of a version's tables. Times are seconds since 1970. */
export interface CopyRow {
  readonly name: string;
  readonly version: number;
  readonly rebuild_id: string;
  readonly state: 'building' | 'previous';
  readonly switches: boolean;
  readonly events_per_second: number | null;
  readonly began_at: number;
  readonly switched_at: number | null;
  /** Seconds since the speed is measured. */
  readonly measured_for: number;
  readonly measured_from: number;
  readonly refusal: string | null;
}

/** SQL: `_begin_rebuild`; waits for batches of the projection that are being written. */
export async function beginRebuild(
  { run, schema }: SchemaConnection,
  { name, version, definitionHash }: DefinedProjection,
  { slices, eventsPerSecond, switches, release }: NewCopy,
): Promise<BeginOutcome> {
  const [row] = await run<{ begun: string }>({
    name: undefined,
    text: `select "${schema}"._begin_rebuild($1, $2, $3, $4, $5, $6, $7)::text as begun`,
    values: [name, version, definitionHash, slices, eventsPerSecond ?? null, switches, release],
  });
  return JSON.parse(row?.begun ?? '{"outcome":"missing"}') as BeginOutcome;
}

/** The copies that there are of these versions. SQL: one SELECT by primary key; takes no locks. */
export async function readCopies(
  { run, schema }: SchemaConnection,
  projections: readonly ProjectionKey[],
): Promise<readonly CopyRow[]> {
  return run<CopyRow>({
    name: `leftfold read copies ${schema}`,
    text: `select copy.name, copy.version, copy.rebuild_id, copy.state, copy.switches, copy.events_per_second, copy.refusal,
                  pg_catalog.date_part('epoch', copy.began_at) as began_at,
                  pg_catalog.date_part('epoch', copy.switched_at) as switched_at,
                  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - copy.measured_at) as measured_for,
                  copy.measured_from
             from unnest($1::text[], $2::integer[]) as wanted (name, version)
             join "${schema}".projection_copies as copy
               on copy.name = wanted.name
              and copy.version = wanted.version`,
    values: [
      textArray(projections.map(({ name }) => name)),
      numberArray(projections.map(({ version }) => version)),
    ],
  });
}

/** The copy that one rebuild has made. */
export interface CopyOfRebuild extends ProjectionKey {
  readonly rebuildId: string;
}

/** What a switch needs, beside the locks. */
export interface Switch {
  readonly projection: DefinedProjection;
  readonly rebuildId: string;
  /** The end of the log, read under the inline lock; undefined when the projection is not inline. */
  readonly inlineTop: number | undefined;
  /** Into how many slices the version is to be divided. */
  readonly slices: number;
  readonly lineage: string | undefined;
}

/**
 * Lets the copy serve instead of the tables that do. Call it with the version's rows locked, and under the inline lock when
 * it is inline.
 *
 * @returns why it was not done; undefined when it was
 *
 * SQL: `_switch_copy`: a few updates by primary key, and three renamed schemas.
 */
export async function switchTo(
  { run, schema }: SchemaConnection,
  { projection, rebuildId, inlineTop, slices, lineage }: Switch,
): Promise<string | undefined> {
  const { name, version, definitionHash } = projection;
  const [row] = await run<{ refusal: string | null }>({
    name: undefined,
    text: `select "${schema}"._switch_copy($1, $2, $3, $4, $5, $6, $7) as refusal`,
    values: [name, version, rebuildId, definitionHash, inlineTop ?? null, slices, lineage ?? null],
  });
  return row?.refusal ?? undefined;
}

/**
 * Lets the slices of a copy that waits for a decision go up to these positions and no further; without any, as far as the
 * log goes. One position holds for all slices.
 *
 * @returns false when it is gone, or does not wait any more. SQL: one UPDATE by primary key
 */
export function leadCopy(
  connection: SchemaConnection,
  { name, version, rebuildId }: CopyOfRebuild,
  positions: readonly number[] | undefined,
): Promise<boolean> {
  const values = [name, version, rebuildId, positions === undefined ? null : numberArray(positions)];
  return callFunction(connection, '_lead_copy($1, $2, $3, $4::bigint[])', values);
}

/**
 * Decides whether a copy is to serve.
 *
 * @param refusal why not; undefined when it is
 * @returns false when it is gone, or does not wait for a decision any more. SQL: one UPDATE by primary key
 */
export function decideCopy(
  connection: SchemaConnection,
  { name, version, rebuildId }: CopyOfRebuild,
  refusal: string | undefined,
): Promise<boolean> {
  return callFunction(connection, '_decide_copy($1, $2, $3, $4)', [
    name,
    version,
    rebuildId,
    refusal ?? null,
  ]);
}

/** The position of the last event that is committed. SQL: one index lookup. */
export async function readTop(run: StatementRunner, schema: string): Promise<number> {
  const [row] = await run<{ top: number | null }>({
    name: undefined,
    text: `select max(position) as top from "${schema}".events`,
    values: [],
  });
  return row?.top ?? 0;
}

/** Records why a copy does not serve yet. SQL: one UPDATE by primary key. */
export async function recordRefusal(
  { run, schema }: SchemaConnection,
  { name, version }: ProjectionKey,
  rebuildId: string,
  refusal: string,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._record_refusal($1, $2, $3, $4)`,
    values: [name, version, rebuildId, refusal],
  });
}

/** @returns false when there is none. SQL: `_drop_copy`; waits for transactions that use its tables. */
export function dropCopy(connection: SchemaConnection, { name, version }: ProjectionKey): Promise<boolean> {
  return callFunction(connection, '_drop_copy($1, $2)', [name, version]);
}

/** What came of a call to go on with a copy. */
export type ResumeOutcome =
  | { readonly outcome: 'resumed'; readonly rebuildId: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'mismatched' };

/**
 * Lets a copy be built on.
 *
 * @param rollsBack whether it is the copy of the tables that served before
 * @param release the only one whose processes go on with it. SQL: a few updates by primary key
 */
export async function resumeCopy(
  { run, schema }: SchemaConnection,
  { name, version, definitionHash }: DefinedProjection,
  { rollsBack, release }: { readonly rollsBack: boolean; readonly release: string },
): Promise<ResumeOutcome> {
  const [row] = await run<{ resumed: string }>({
    name: undefined,
    text: `select "${schema}"._resume_copy($1, $2, $3, $4, $5)::text as resumed`,
    values: [name, version, definitionHash, rollsBack, release],
  });
  return JSON.parse(row?.resumed ?? '{"outcome":"missing"}') as ResumeOutcome;
}
