import { numberArray, textArray } from '@leftfold/postgres';
import { sqlTypes } from '@leftfold/core/column';
import type { ReactionStart as SubscriptionStart } from '@leftfold/core';
import type { DeclaredDefinition } from '../subscription/definition-hash.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { type Checkpoint, toCheckpoint } from './row.ts';
import type { CheckpointRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** A subscription and the definition that its row gets. */
export interface NewSubscription {
  readonly ref: SubscriptionRef;
  readonly slices: number;
  readonly declared: DeclaredDefinition;
  readonly definitionHash: string;
  /** Where it begins, once. @default at the beginning of the log */
  readonly start?: SubscriptionStart | undefined;
}

/**
 * Creates the rows of subscriptions that have none, with their checkpoints where they begin. What begins at the end of the
 * log has caught up at once.
 *
 * SQL: one statement, in `_register_subscriptions`.
 */
export async function registerSubscriptions(
  { run, schema }: SchemaConnection,
  subscriptions: readonly NewSubscription[],
): Promise<void> {
  if (subscriptions.length === 0) return;
  await run({
    name: undefined,
    text: `select "${schema}"._register_subscriptions(
             $1::text[], $2::integer[], $3::integer[], $4::jsonb[], $5::text[], $6::jsonb[])`,
    values: [
      ...columnsOf(subscriptions.map(({ ref }) => ref)),
      numberArray(subscriptions.map(({ slices }) => slices)),
      textArray(subscriptions.map(({ declared }) => JSON.stringify(declared))),
      textArray(subscriptions.map(({ definitionHash }) => definitionHash)),
      textArray(subscriptions.map(({ start }) => toStartText(start))),
    ],
  });
}

function toStartText(start: SubscriptionStart | undefined): string | null {
  if (start === undefined) return null;
  if (typeof start === 'string') return JSON.stringify({ at: start });
  const json =
    'time' in start
      ? { at: 'time', time: sqlTypes.timestamptz.encode(start.time) }
      : { at: 'position', position: start.position };
  return JSON.stringify(json);
}

/**
 * Asks for the number of slices of each of them. A subscription that has another number is divided anew, when all of its
 * slices have come to one position.
 *
 * SQL: `_request_slices`; waits for transactions that change the rows.
 */
export async function requestSlices(
  { run, schema }: SchemaConnection,
  subscriptions: readonly Pick<NewSubscription, 'ref' | 'slices'>[],
): Promise<void> {
  if (subscriptions.length === 0) return;
  await run({
    name: undefined,
    text: `select "${schema}"._request_slices($1::text[], $2::integer[], $3::integer[])`,
    values: [
      ...columnsOf(subscriptions.map(({ ref }) => ref)),
      numberArray(subscriptions.map(({ slices }) => slices)),
    ],
  });
}

/**
 * The checkpoints of all slices of those subscriptions that have rows, in the order of the slices.
 *
 * SQL: one SELECT by primary key; takes no locks.
 */
export async function readCheckpoints(
  { run, schema }: SchemaConnection,
  refs: readonly SubscriptionRef[],
): Promise<readonly Checkpoint[]> {
  const rows = await run<CheckpointRow>({
    name: `leftfold read checkpoints ${schema}`,
    text: `select subscription.name,
                  subscription.version,
                  subscription.slice,
                  subscription.slices,
                  subscription.next_slices,
                  subscription.until_position,
                  subscription.definition,
                  subscription.definition_hash,
                  subscription.position,
                  subscription.epoch,
                  subscription.owner,
                  subscription.for_release,
                  coalesce(subscription.lease_until > pg_catalog.clock_timestamp(), false) as leased,
                  subscription.owner_promotes,
                  subscription.inline,
                  not subscription.inline and coalesce(subscription.inline_after > pg_catalog.clock_timestamp(), false) as demoted,
                  pg_catalog.date_part('epoch', subscription.demoted_at) as demoted_at,
                  subscription.demoted_by,
                  pg_catalog.date_part('epoch', subscription.inline_after) as inline_after,
                  subscription.caught_up_at is not null as caught_up,
                  subscription.paused_at is not null as paused,
                  subscription.stopped_at is not null as stopped,
                  subscription.outdated,
                  subscription.failed_releases,
                  subscription.failed_position,
                  subscription.failed_type,
                  subscription.failed_message,
                  subscription.retry_from is not distinct from subscription.position as retried,
                  subscription.retry_position,
                  subscription.retry_type,
                  subscription.retry_message,
                  subscription.retry_attempts
             from ${unnestRefs}
             join "${schema}".subscriptions as subscription
               on subscription.name = wanted.name
              and subscription.version = wanted.version
            order by subscription.name, subscription.version, subscription.slice`,
    values: columnsOf(refs),
  });
  return rows.map(toCheckpoint);
}

/**
 * Waits for transactions that change the subscription's rows, and blocks others until this one ends.
 *
 * SQL: row locks.
 */
export async function lockSubscription(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._lock_subscription($1, $2)`,
    values: [name, version],
  });
}

/** The subscriptions that {@link columnsOf} gives, as a table. */
export const unnestRefs = 'unnest($1::text[], $2::integer[]) as wanted (name, version)';

export function columnsOf(refs: readonly SubscriptionRef[]): readonly unknown[] {
  return [textArray(refs.map(({ name }) => name)), numberArray(refs.map(({ version }) => version))];
}
