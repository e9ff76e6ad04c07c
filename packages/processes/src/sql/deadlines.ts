import type { JsonObject } from '@leftfold/core';
import { textArray, toSafeNumber } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';

/** A deadline that is due, or the next one that will be. */
export interface DueDeadline {
  readonly id: string;
  readonly deadline: string;
  readonly number: number;
  readonly metadata: JsonObject;
  /** How often it has failed. */
  readonly attempts: number;
  /** 0 or less for one that is due. */
  readonly dueInMs: number;
}

/** A deadline that is due and could not be recorded as an input. It is tried again, and later ones of its instance wait. */
export interface FailingDeadline {
  /** Of its instance. */
  readonly id: string;
  /** Its name. */
  readonly deadline: string;
  readonly dueAt: Date;
  /** How often it has failed. */
  readonly attempts: number;
  /** What the last attempt threw. */
  readonly failure: string;
}

/** The deadlines of a process that fail. */
export interface FailingDeadlines {
  readonly count: number;
  /** The one that was due first. */
  readonly first: FailingDeadline | undefined;
}

/** What became of a deadline that was due. `over`: it was not open any more. */
export interface SettledDeadline extends Pick<DueDeadline, 'id' | 'deadline' | 'number'> {
  readonly outcome: 'fired' | 'over' | 'failed';
  /** Of one that failed: until the next attempt. */
  readonly retryMs?: number | undefined;
  /** Of one that failed: what was thrown, in characters that PostgreSQL stores. */
  readonly failure?: string | undefined;
}

interface DueRow extends Pick<DueDeadline, 'id' | 'deadline' | 'metadata' | 'attempts'> {
  readonly number: string | number;
  readonly due_in_ms: number;
}

interface FailingRow extends Pick<FailingDeadline, 'id' | 'deadline' | 'attempts'> {
  readonly process: string;
  readonly failing: string | number;
  readonly due_ms: number;
  readonly failure: string | null;
}

/**
 * The deadlines of a slice that are due, and the next one when they are fewer than `most`. SQL: scans of
 * `process_deadlines_due`, with a look at the deadlines of the instance for each row; takes no locks.
 */
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

/** Whether a process has deadlines that are open or were fired. SQL: one row of `process_deadlines_pkey`. */
export async function hasDeadlineRows({ run, schema }: SchemaConnection, process: string): Promise<boolean> {
  const [row] = await run<{ found: boolean }>({
    name: undefined,
    text: `select exists (select from "${schema}".process_deadlines as deadline where deadline.process = $1) as found`,
    values: [process],
  });
  return row!.found;
}

/**
 * The deadlines that fail, of each process.
 *
 * SQL: a scan of `process_deadlines_failing`, which has those that fail only.
 *
 * @param most how many of a process are counted at most
 */
export async function readFailingDeadlines(
  { run, schema }: SchemaConnection,
  processes: readonly string[],
  most = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<string, FailingDeadlines>> {
  if (processes.length === 0) return new Map();
  const failing = `from "${schema}".process_deadlines as deadline
                  where deadline.process = name and deadline.attempts > 0 and deadline.fired_at is null`;
  const rows = await run<FailingRow>({
    name: `leftfold failing deadlines ${schema}`,
    text: `select name as process, counted.number as failing, first.id, first.deadline, first.due_ms, first.attempts, first.failure
             from pg_catalog.unnest($1::text[]) as name
            cross join lateral (
              select pg_catalog.count(*) as number from (select ${failing} limit $2::bigint) as one
            ) as counted
            cross join lateral (
              select deadline.id, deadline.deadline, deadline.attempts, deadline.failure,
                     1000 * pg_catalog.date_part('epoch', deadline.due_at) as due_ms
                ${failing}
               order by deadline.due_at, deadline.id, deadline.deadline
               limit 1
            ) as first`,
    values: [textArray(processes), Number.isFinite(most) ? most : null],
  });
  const none: FailingDeadlines = { count: 0, first: undefined };
  const found = new Map(processes.map((process) => [process, none]));
  for (const { process, failing: count, due_ms: dueMs, failure, ...first } of rows)
    found.set(process, {
      count: toSafeNumber(String(count)),
      first: { ...first, dueAt: new Date(dueMs), failure: failure ?? '' },
    });
  return found;
}
