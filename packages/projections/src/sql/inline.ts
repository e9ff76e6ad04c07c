import { findAdvisoryLockHolders, numberArray, type StatementRunner, textArray } from '@leftfold/postgres';

/** How long to wait for appends whose transactions are open, in milliseconds. Other appends wait for the same time. */
const LOCK_TIMEOUT_MS = 250;

/** One version of a projection. */
export interface ProjectionKey {
  readonly name: string;
  readonly version: number;
}

/** One version of a projection, as a process defines it. */
export interface DefinedProjection extends ProjectionKey {
  readonly definitionHash: string;
}

/**
 * Selects the projections that the transaction's append has to apply.
 *
 * @returns their indexes in `projections`
 *
 * SQL: one call of `_inline_projections`. The append holds shared locks until its transaction ends: none of these
 * projections becomes inline, or ceases to be, before that. Needs read committed.
 */
export async function findInlineProjections(
  run: StatementRunner,
  schema: string,
  projections: readonly DefinedProjection[],
): Promise<ReadonlySet<number>> {
  const [row] = await run<{ places: string | null }>({
    name: undefined,
    text: `select "${schema}"._inline_projections(names => $1::text[], versions => $2::integer[],
                   definition_hashes => $3::text[]) as places`,
    values: [
      textArray(projections.map(({ name }) => name)),
      numberArray(projections.map(({ version }) => version)),
      textArray(projections.map(({ definitionHash }) => definitionHash)),
    ],
  });
  const places = row?.places ?? '';
  return new Set(places === '' ? [] : places.split(',').map((place) => Number(place) - 1));
}

/**
 * The sessions that hold the append lock: what a projection that is to become inline waits for.
 *
 * SQL: one SELECT from `pg_locks`; takes no locks.
 */
export function findOpenAppends(run: StatementRunner, schema: string): Promise<readonly string[]> {
  return findAdvisoryLockHolders(run, `"${schema}" appends`);
}

/** Like {@link lockInlineProjections}, for all appends. */
export function lockAppends(run: StatementRunner, schema: string): Promise<void> {
  return lock(run, schema, '_lock_appends');
}

/**
 * Waits until every append that applies inline projections has ended, and blocks further ones until this transaction ends.
 *
 * SQL: two statements and an exclusive advisory lock. Appends wait behind it, so the wait is limited; after that the
 * database reports a lock timeout.
 *
 * @param limitMs of the wait. @default 250
 */
export function lockInlineProjections(
  run: StatementRunner,
  schema: string,
  limitMs = LOCK_TIMEOUT_MS,
): Promise<void> {
  return lock(run, schema, '_lock_inline_projections', limitMs);
}

async function lock(
  run: StatementRunner,
  schema: string,
  call: string,
  limitMs = LOCK_TIMEOUT_MS,
): Promise<void> {
  await run({
    name: undefined,
    text: `select pg_catalog.set_config('lock_timeout', $1, true)`,
    values: [String(limitMs)],
  });
  await run({ name: undefined, text: `select "${schema}".${call}()`, values: [] });
}
