import type { JsonObject } from '@leftfold/core';
import { toSafeNumber } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';

/** A deadline that is due, or the next one that will be. */
export interface DueDeadline {
  readonly id: string;
  readonly deadline: string;
  readonly number: number;
  readonly metadata: JsonObject;
  /** How often it was tried. */
  readonly attempts: number;
  /** 0 or less for one that is due. */
  readonly dueInMs: number;
}

/** What became of a deadline that was due. `over`: it was not open any more. */
export interface SettledDeadline extends Pick<DueDeadline, 'id' | 'deadline' | 'number'> {
  readonly outcome: 'fired' | 'over' | 'failed';
  /** Until the next attempt, of one that failed. */
  readonly retryMs?: number | undefined;
}

interface DueRow extends Pick<DueDeadline, 'id' | 'deadline' | 'metadata' | 'attempts'> {
  readonly number: string | number;
  readonly due_in_ms: number;
}

/** The deadlines of a slice that are due, or the next one. SQL: one scan of `process_deadlines_due`; takes no locks. */
export async function readDueDeadlines(
  { run, schema }: SchemaConnection,
  process: string,
  { slice, slices, most }: { readonly slice: number; readonly slices: number; readonly most: number },
): Promise<readonly DueDeadline[]> {
  const rows = await run<DueRow>({
    name: `leftfold due deadlines ${schema}`,
    text: `select due.id, due.deadline, due.number, due.metadata, due.attempts, due.due_in_ms
             from "${schema}"._due_deadlines($1, $2, $3, $4) as due`,
    values: [process, slice, slices, most],
  });
  return rows.map(({ number, due_in_ms: dueInMs, ...row }) => ({
    ...row,
    number: toSafeNumber(String(number)),
    dueInMs,
  }));
}

/** SQL: UPDATE and DELETE by primary key. */
export async function settleDeadlines(
  { run, schema }: SchemaConnection,
  process: string,
  settled: readonly SettledDeadline[],
): Promise<void> {
  const rows = settled.map(({ retryMs, ...one }) => ({ ...one, retry_ms: retryMs }));
  await run({
    name: `leftfold settle deadlines ${schema}`,
    text: `select "${schema}"._settle_deadlines($1, $2::jsonb)`,
    values: [process, JSON.stringify(rows)],
  });
}
