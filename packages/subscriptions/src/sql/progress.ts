import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import type { SchemaConnection } from './schema-connection.ts';
import { columnsOf, unnestRefs } from './subscriptions.ts';

/** How a slice is doing, as the view `subscription_status` has it. */
export interface Progress extends SubscriptionKey {
  readonly state: 'outdated' | 'stopped' | 'inline' | 'paused' | 'waiting' | 'stalled' | 'running';
  readonly position: number;
  readonly lag: number;
  readonly lag_seconds: number;
  readonly caught_up: boolean;
  readonly owner: string | null;
  /** Whether a process that may take the lease is running. */
  readonly has_process: boolean;
  /** Seconds since 1970. */
  readonly advanced_at: number;
  /** For how long the checkpoint did not move though a committed event waits; null when none does. */
  readonly still_seconds: number | null;
  /** Keys whose events are set aside, and the number of these events. */
  readonly parked_keys: number;
  readonly parked_events: number;
  readonly demoted: boolean;
  readonly failed_position: number | null;
  readonly failed_type: string | null;
  readonly failed_message: string | null;
  readonly definition_hash: string;
  readonly retry_position: number | null;
  readonly retry_type: string | null;
  readonly retry_message: string | null;
  readonly retry_attempts: number | null;
  /** Whose session keeps it from moving, in words: `the append of app leftfold (backend 4711)`. */
  readonly held_by: string | null;
}

/**
 * How the slices of subscriptions are doing, in their order. No row for one that has no checkpoint.
 *
 * SQL: one SELECT; takes no locks.
 *
 * @param answerMs how long to wait for the answer. @default the store's limit
 */
export async function readProgress(
  { run, schema }: SchemaConnection,
  refs: readonly SubscriptionRef[],
  answerMs?: number,
): Promise<readonly Progress[]> {
  return run<Progress>({
    name: `leftfold read progress ${schema}`,
    text: `select status.name, status.version, status.slice, status.state, status.position, status.lag,
                  status.lag_seconds, status.caught_up, status.owner, status.has_process, status.still_seconds,
                  pg_catalog.date_part('epoch', status.advanced_at) as advanced_at, status.demoted_at is not null as demoted,
                  status.failed_position, status.failed_type, status.failed_message, status.definition_hash,
                  status.parked_keys, status.parked_events,
                  status.retry_position, status.retry_type, status.retry_message, status.retry_attempts, status.held_by
             from ${unnestRefs}
             join "${schema}".subscription_status as status
               on status.name = wanted.name
              and status.version = wanted.version
            order by status.name, status.version, status.slice`,
    values: columnsOf(refs),
    ...(answerMs === undefined ? {} : { answerMs }),
  });
}
