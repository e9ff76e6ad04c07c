import type { Blocked, SourceKey } from './inbox-rows.ts';
import { toDate } from './inbox-rows.ts';
import type { InboxConnection } from './attempts.ts';

/** Keys that a consumer has to look at. */
export interface DueKeys {
  /** Those whose messages that are set aside can be tried. */
  readonly due: readonly SourceKey[];
  /** Those that wait for a missing message, since the last look for too long. */
  readonly missing: readonly MissingMessage[];
}

/** A gap before the first message of a key that is set aside. */
export interface MissingMessage extends SourceKey {
  readonly last: string | undefined;
  readonly sequence: string;
}

interface DueRow extends SourceKey {
  readonly last: string | null;
  readonly sequence: string | null;
}

/** Most keys that are looked at together. */
const MAX_KEYS = 100;

/**
 * Keys that are due, and gaps that have become old since a time before.
 *
 * SQL: range scans of `inbox_resume_idx` and `inbox_gap_idx`. Takes no locks.
 *
 * @param gap.oldMs a gap is told when it is as old
 * @param gap.sinceMs how long ago the last look was; Infinity for all that are old
 */
export async function readDueKeys(
  { run, schema, consumer }: InboxConnection,
  gap: { readonly oldMs: number; readonly sinceMs: number },
): Promise<DueKeys> {
  const rows = await run<DueRow>({
    name: `leftfold inbox due ${schema}`,
    text: `(select one.source, one.key, null::text as last, null::text as sequence
              from "${schema}".inbox as one
             where one.consumer = $1 and one.resume_at is not null and one.resume_at <= pg_catalog.clock_timestamp()
             order by one.resume_at
             limit ${MAX_KEYS})
           union all
           (select one.source, one.key, one.sequence, first.sequence
              from "${schema}".inbox as one
             cross join lateral (select aside.sequence
                                   from "${schema}".inbox_messages as aside
                                  where aside.consumer = one.consumer and aside.source = one.source
                                    and aside.key = one.key and aside.given_up_at is null
                                  order by aside.sequence
                                  limit 1) as first
             where one.consumer = $1 and one.blocked = 'gap' and one.resume_at is null
               and one.blocked_at <= pg_catalog.clock_timestamp() - $2::double precision * interval '1 millisecond'
               and one.blocked_at > pg_catalog.clock_timestamp() - $3::double precision * interval '1 millisecond'
             order by one.blocked_at
             limit ${MAX_KEYS})`,
    values: [consumer, gap.oldMs, Math.min(gap.oldMs + gap.sinceMs, MAX_AGE_MS)],
  });
  return {
    due: rows.filter(({ sequence }) => sequence === null).map(({ source, key }) => ({ source, key })),
    missing: rows.flatMap(({ source, key, last, sequence }) =>
      sequence === null ? [] : [{ source, key, last: last ?? undefined, sequence }],
    ),
  };
}

/** A hundred years: older than each gap. */
const MAX_AGE_MS = 100 * 365 * 86_400_000;

/** How far a key is. */
export interface KeyProgress {
  readonly sequence: string | undefined;
  readonly id: string | undefined;
  readonly blocked: Blocked | undefined;
  readonly failed:
    | { readonly sequence: string; readonly attempts: number; readonly message: string }
    | undefined;
  /** Whether the messages that are set aside are tried again by themselves. */
  readonly resumes: boolean;
}

interface ProgressRow {
  readonly sequence: string | null;
  readonly message_id: string | null;
  readonly blocked: Blocked | null;
  readonly failed_sequence: string | null;
  readonly failed_message: string | null;
  readonly attempts: number;
  readonly resumes: boolean;
}

/** How far a key is; undefined when no message of it was received. SQL: one index scan. Takes no locks. */
export async function readKeyProgress(
  { run, schema, consumer }: InboxConnection,
  { source, key }: SourceKey,
): Promise<KeyProgress | undefined> {
  const [row] = await run<ProgressRow>({
    name: `leftfold inbox progress ${schema}`,
    text: `select one.sequence, one.message_id, one.blocked, one.failed_sequence, one.failed_message, one.attempts,
                  one.resume_at is not null as resumes
             from "${schema}".inbox as one
            where one.consumer = $1 and one.source = $2 and one.key = $3`,
    values: [consumer, source, key],
  });
  if (row === undefined) return undefined;
  const { failed_sequence: failed, failed_message: message, attempts } = row;
  return {
    sequence: row.sequence ?? undefined,
    id: row.message_id ?? undefined,
    blocked: row.blocked ?? undefined,
    failed: failed === null ? undefined : { sequence: failed, attempts, message: message ?? '' },
    resumes: row.resumes,
  };
}

/** How much of a consumer's messages is set aside. */
export interface InboxTotals {
  /** Keys that wait until an operator resumes them, or gives their messages up: failed, or of a source that went back. */
  readonly parkedKeys: number;
  /** Keys whose failed message is tried again by itself. */
  readonly retryingKeys: number;
  /** Keys that wait for a missing message for longer than `gapTimeoutMs`. */
  readonly gaps: number;
  /** Keys of which it is not known whether the log of their source still has their last message. */
  readonly unsureKeys: number;
  /** What was delivered and cannot be placed. */
  readonly unplaced: number;
  readonly lastFailure: { readonly message: string; readonly at: Date } | undefined;
}

interface TotalsRow {
  readonly parked: number;
  readonly retrying: number;
  readonly gaps: number;
  readonly unsure: number;
  readonly unplaced: number;
  readonly failed_message: string | null;
  readonly failed_at: number | null;
}

/** SQL: scans of `inbox_blocked_idx`, `inbox_unsure_idx` and a range of `inbox_messages_place_idx`. Takes no locks. */
export async function readInboxTotals(
  { run, schema, consumer }: InboxConnection,
  gapMs: number,
): Promise<InboxTotals> {
  const [row] = await run<TotalsRow>({
    name: undefined,
    text: `select count(*) filter (where one.blocked = 'fork' or one.blocked = 'failure' and one.resume_at is null) as parked,
                  count(*) filter (where one.blocked = 'failure' and one.resume_at is not null) as retrying,
                  count(*) filter (where one.blocked = 'gap' and one.resume_at is null and one.blocked_at
                                         <= pg_catalog.clock_timestamp() - $2::double precision * interval '1 millisecond') as gaps,
                  (select count(*) from "${schema}".inbox as each where each.consumer = $1 and each.unsure) as unsure,
                  (select count(*) from "${schema}".inbox_messages as aside
                    where aside.consumer = $1 and aside.source = '' and aside.given_up_at is null) as unplaced,
                  (pg_catalog.array_agg(one.failed_message order by one.failed_at desc)
                     filter (where one.failed_message is not null))[1] as failed_message,
                  pg_catalog.date_part('epoch', max(one.failed_at) filter (where one.failed_message is not null)) as failed_at
             from "${schema}".inbox as one
            where one.consumer = $1 and one.blocked is not null`,
    values: [consumer, gapMs],
  });
  const { failed_message: message = null, failed_at: at = null } = row ?? {};
  return {
    parkedKeys: row?.parked ?? 0,
    retryingKeys: row?.retrying ?? 0,
    gaps: row?.gaps ?? 0,
    unsureKeys: row?.unsure ?? 0,
    unplaced: row?.unplaced ?? 0,
    lastFailure: message === null || at === null ? undefined : { message, at: toDate(at) },
  };
}
