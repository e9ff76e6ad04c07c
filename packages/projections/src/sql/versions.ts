import type { SchemaConnection } from '@leftfold/subscriptions';
import type { ProjectionKey } from './inline.ts';

/** A version of a projection, or the copy of one. Times are seconds since 1970. */
export interface VersionRow {
  readonly version: number;
  readonly is_copy: boolean;
  readonly schema: string;
  readonly position: number;
  readonly inline: boolean;
  readonly caughtUp: boolean;
  readonly advancedAt: number;
  /** Of a copy. */
  readonly state: 'building' | 'previous' | null;
  readonly bytes: number;
  readonly processes: readonly string[];
}

/** SQL: one call of `_projection_versions`; takes no locks but those of reading the sizes. */
export async function readVersions(
  { run, schema }: SchemaConnection,
  name: string,
): Promise<readonly VersionRow[]> {
  const [row] = await run<{ versions: string }>({
    name: undefined,
    text: `select "${schema}"._projection_versions($1)::text as versions`,
    values: [name],
  });
  return JSON.parse(row?.versions ?? '[]') as readonly VersionRow[];
}

/**
 * @returns the processes that run it: nothing was dropped then; undefined when there is no such version
 *
 * SQL: `_drop_version`; waits for transactions that use its tables.
 */
export async function dropVersion(
  { run, schema }: SchemaConnection,
  { name, version }: ProjectionKey,
): Promise<readonly string[] | undefined> {
  const [row] = await run<{ processes: readonly string[] | null }>({
    name: undefined,
    text: `select "${schema}"._drop_version($1, $2) as processes`,
    values: [name, version],
  });
  return row?.processes ?? undefined;
}
