import { assertProjectionName, RebuildRefusedError } from '@leftfold/core';
import { assertWhole } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { withStoreErrors } from '@leftfold/subscriptions';
import { dropVersion, readVersions } from '../sql/versions.ts';

/**
 * What tables are for. `serving`: a process that is running knows the version. `unused`: none does. `building`: the copy of
 * a rebuild. `previous`: the tables that served before the last switch.
 */
export type VersionUse = 'serving' | 'unused' | 'building' | 'previous';

/** Tables of a projection in this database: of a version, or of the copy of one. */
export interface ProjectionVersion {
  readonly version: number;
  readonly use: VersionUse;
  /** The Postgres schema that they are in. */
  readonly schema: string;
  /** Every event at or below it has been applied. */
  readonly position: number;
  /** Whether each append applies its own events. */
  readonly inline: boolean;
  /** Whether they have ever reached the high-water mark. */
  readonly caughtUp: boolean;
  /** When the position last moved. */
  readonly advancedAt: Date;
  /** Of the tables with their indexes. */
  readonly bytes: number;
  /** Processes that run them now. */
  readonly processes: readonly string[];
}

/** All tables of a projection, old versions first. @throws StoreUnavailableError, InvalidNameError */
export async function versionsOf(
  store: PostgresEventStore,
  name: string,
): Promise<readonly ProjectionVersion[]> {
  assertProjectionName(name);
  const rows = await withStoreErrors(store, () => readVersions(store, name));
  return rows.map(({ is_copy: isCopy, state, processes, advancedAt, ...row }) => ({
    ...row,
    use: isCopy ? (state ?? 'previous') : processes.length > 0 ? 'serving' : 'unused',
    advancedAt: new Date(advancedAt * 1_000),
    processes,
  }));
}

/** @throws RebuildRefusedError when a process runs the version, or there is none; InvalidNameError, StoreUnavailableError */
export async function dropProjectionVersion(
  store: PostgresEventStore,
  name: string,
  version: number,
): Promise<void> {
  assertProjectionName(name);
  assertWhole('version', version ?? null, { least: 1 });
  const what = `dropping version ${version} of projection "${name}"`;
  const processes = await withStoreErrors(store, () => dropVersion(store, { name, version }), what);
  if (processes === undefined)
    throw new RebuildRefusedError({ name, version }, 'there is no such version in this database');
  if (processes.length > 0)
    throw new RebuildRefusedError(
      { name, version },
      `${processes.join(', ')} ${processes.length === 1 ? 'runs' : 'run'} it; stop them first, or deploy a release without it`,
    );
}
