import { numberArray, textArray } from '@leftfold/postgres';
import type { DeclaredDefinition } from '../subscription/definition-hash.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import { type Checkpoint, toCheckpoint } from './row.ts';
import type { CheckpointRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** A subscription and the definition that its row gets. */
export interface NewSubscription {
  readonly key: SubscriptionKey;
  readonly declared: DeclaredDefinition;
  readonly definitionHash: string;
}

/**
 * Creates the rows of subscriptions that have none, with their checkpoints at the beginning of the log. On an empty log
 * they have caught up at once.
 *
 * SQL: one INSERT, in `_register_subscriptions`.
 */
export async function registerSubscriptions(
  { run, schema }: SchemaConnection,
  subscriptions: readonly NewSubscription[],
): Promise<void> {
  if (subscriptions.length === 0) return;
  await run({
    name: undefined,
    text: `select "${schema}"._register_subscriptions($1::text[], $2::integer[], $3::integer[], $4::jsonb[], $5::text[])`,
    values: [
      ...columnsOf(subscriptions.map(({ key }) => key)),
      textArray(subscriptions.map(({ declared }) => JSON.stringify(declared))),
      textArray(subscriptions.map(({ definitionHash }) => definitionHash)),
    ],
  });
}

/**
 * The checkpoints of those subscriptions that have a row.
 *
 * SQL: one SELECT by primary key; takes no locks.
 */
export async function readCheckpoints(
  { run, schema }: SchemaConnection,
  keys: readonly SubscriptionKey[],
): Promise<readonly Checkpoint[]> {
  const rows = await run<CheckpointRow>({
    name: `leftfold read checkpoints ${schema}`,
    text: `select subscription.name,
                  subscription.version,
                  subscription.slice,
                  subscription.definition,
                  subscription.definition_hash,
                  subscription.position,
                  subscription.epoch,
                  subscription.owner,
                  coalesce(subscription.lease_until > clock_timestamp(), false) as leased,
                  subscription.owner_promotes,
                  subscription.inline,
                  not subscription.inline and coalesce(subscription.inline_after > clock_timestamp(), false) as demoted,
                  date_part('epoch', subscription.demoted_at) as demoted_at,
                  subscription.demoted_by,
                  date_part('epoch', subscription.inline_after) as inline_after,
                  subscription.caught_up_at is not null as caught_up,
                  subscription.stopped_at is not null as stopped,
                  subscription.outdated,
                  subscription.failed_releases,
                  subscription.failed_position,
                  subscription.failed_type,
                  subscription.failed_message
             from ${unnestKeys}
             join "${schema}".subscriptions as subscription
               on subscription.name = wanted.name
              and subscription.version = wanted.version
              and subscription.slice = wanted.slice`,
    values: columnsOf(keys),
  });
  return rows.map(toCheckpoint);
}

/**
 * Waits for a transaction that changes the subscription's row, and blocks others until this one ends.
 *
 * SQL: a row lock.
 */
export async function lockSubscription(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._lock_subscription($1, $2, $3)`,
    values: [name, version, slice],
  });
}

/** The keys that {@link columnsOf} gives, as a table. */
export const unnestKeys = 'unnest($1::text[], $2::integer[], $3::integer[]) as wanted (name, version, slice)';

export function columnsOf(keys: readonly SubscriptionKey[]): readonly unknown[] {
  return [
    textArray(keys.map(({ name }) => name)),
    numberArray(keys.map(({ version }) => version)),
    numberArray(keys.map(({ slice }) => slice)),
  ];
}
