import { numberArray, textArray, toNumbers } from '@leftfold/postgres';
import type { CheckpointStep } from './checkpoint.ts';
import { sliceColumnsOf } from './leases.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Moves checkpoints with which nothing is written, each under the conditions of `checkpointUpdate`.
 *
 * @param steps of leases of one owner, at least one
 * @returns those that were moved. Of the others, a lease may be lost, or another transaction is changing the row.
 *
 * SQL: one UPDATE by primary keys, in `_advance_checkpoints`; waits for no lock. The commit need not be durable.
 */
export async function advanceCheckpoints<TStep extends CheckpointStep>(
  { run, schema }: SchemaConnection,
  steps: readonly [TStep, ...TStep[]],
): Promise<ReadonlySet<TStep>> {
  const [{ lease }] = steps;
  const leases = steps.map((step) => step.lease);
  const [row] = await run<{ moved: string }>({
    name: `leftfold advance checkpoints ${schema}`,
    text: `select pg_catalog.set_config('synchronous_commit', 'off', true),
                  "${schema}"._advance_checkpoints($1, $2, $3::text[], $4::integer[], $5::integer[], $6::bigint[],
                    $7::bigint[], $8::bigint[], $9::text[])::text as moved`,
    values: [
      lease.owner,
      lease.leaseMs,
      ...sliceColumnsOf(leases),
      numberArray(leases.map(({ epoch }) => epoch)),
      numberArray(steps.map(({ from }) => from)),
      numberArray(steps.map(({ to }) => to)),
      textArray(leases.map(({ lineage }) => lineage ?? null)),
    ],
  });
  return new Set(toNumbers(row?.moved ?? null).flatMap((number) => steps[number - 1] ?? []));
}
