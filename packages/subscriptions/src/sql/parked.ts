import { textArray } from '@leftfold/postgres';
import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import type { ParkedPlace } from './parking-change.ts';
import type { SchemaConnection } from './schema-connection.ts';
import { columnsOf, unnestRefs } from './subscriptions.ts';

const ofSlice = 'parked.name = $1 and parked.version = $2 and parked.slice = $3';
const ofSubscription = 'parked.name = $1 and parked.version = $2';

/** The parked keys of a slice. SQL: one range scan of `parked_keys_pkey`. */
export async function readParkedKeys(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
): Promise<readonly string[]> {
  const rows = await run<{ key: string }>({
    name: `leftfold parked keys ${schema}`,
    text: `select parked.key from "${schema}".parked_keys as parked where ${ofSlice}`,
    values: [name, version, slice],
  });
  return rows.map(({ key }) => key);
}

/** Events after a position that are not processed for a key: they were given up. SQL: one scan of `given_up_events_name_idx`. */
export async function readGivenUpAfter(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  position: number,
): Promise<readonly ParkedPlace[]> {
  return run<ParkedPlace & object>({
    name: `leftfold given up ${schema}`,
    text: `select given_up.key, place.position
             from "${schema}".given_up_events as given_up
            cross join pg_catalog.unnest(given_up.positions) as place (position)
            where given_up.name = $1
              and given_up.version = $2
              and given_up.reset_at is null
              and place.position > $3`,
    values: [name, version, position],
  });
}

/** A parked key whose events are to be processed now. */
export interface DueKey {
  readonly key: string;
  /** Where it failed last, and how often. */
  readonly failed_position: number;
  readonly attempts: number;
}

/** Parked keys of a slice that are due, those first that wait for longest. SQL: one range scan of `parked_keys_resume_at_idx`. */
export async function readDueKeys(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  limit: number,
): Promise<readonly DueKey[]> {
  return run<DueKey>({
    name: `leftfold due keys ${schema}`,
    text: `select parked.key, parked.failed_position, parked.attempts
             from "${schema}".parked_keys as parked
            where ${ofSlice}
              and parked.resume_at <= pg_catalog.clock_timestamp()
            order by parked.resume_at
            limit $4`,
    values: [name, version, slice, limit],
  });
}

/**
 * The first events of parked keys of a slice, in the order of the keys given.
 *
 * SQL: one statement, with a range scan of `parked_events_pkey` for each key.
 *
 * @param limit most events of each key
 */
export async function readParkedHeads(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  { keys, limit }: { readonly keys: readonly string[]; readonly limit: number },
): Promise<readonly ParkedPlace[]> {
  return run<ParkedPlace>({
    name: `leftfold parked heads ${schema}`,
    text: `select wanted.key, first.position
             from pg_catalog.unnest($4::text[]) with ordinality as wanted (key, place)
            cross join lateral (
                  select parked.position
                    from "${schema}".parked_events as parked
                   where ${ofSlice}
                     and parked.key = wanted.key
                   order by parked.position
                   limit $5) as first
            order by wanted.place, first.position`,
    values: [name, version, slice, textArray(keys), limit],
  });
}

/**
 * The first events of a parked key after a position, whichever slice has the key.
 *
 * SQL: one statement, with a range scan of `parked_events_pkey` for each slice.
 */
export async function readParkedPositions(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  { key, after, limit }: { readonly key: string; readonly after: number; readonly limit: number },
): Promise<readonly number[]> {
  const rows = await run<{ position: number }>({
    name: undefined,
    text: `select first.position
             from "${schema}".subscriptions as subscription
            cross join lateral (
                  select parked.position
                    from "${schema}".parked_events as parked
                   where ${ofSubscription}
                     and parked.slice = subscription.slice
                     and parked.key = $3
                     and parked.position > $4
                   order by parked.position
                   limit $5) as first
            where subscription.name = $1
              and subscription.version = $2
            order by first.position
            limit $5`,
    values: [name, version, key, after, limit],
  });
  return rows.map(({ position }) => position);
}

/** How much of a subscription is parked. */
export interface ParkedCounts extends SubscriptionRef {
  readonly keys: number;
  readonly events: number;
}

/** No row for a subscription without parked keys. SQL: one range scan of the primary key of each table. */
export async function readParkedCounts(
  { run, schema }: SchemaConnection,
  refs: readonly SubscriptionRef[],
): Promise<readonly ParkedCounts[]> {
  return run<ParkedCounts>({
    name: `leftfold parked counts ${schema}`,
    text: `select wanted.name, wanted.version, count(distinct parked.key) as keys, count(*) as events
             from ${unnestRefs}
             join "${schema}".parked_events as parked
               on parked.name = wanted.name
              and parked.version = wanted.version
            group by wanted.name, wanted.version`,
    values: columnsOf(refs),
  });
}

/**
 * A column that tells whether an event was set aside by a subscription: `parked` until it is resumed or given up, `due`
 * when it is processed soon, else null.
 *
 * SQL: one lookup in `parked_events_position_idx`, and one in `parked_keys_pkey` for each key.
 *
 * @param of expressions
 */
export function asideColumn(
  schema: string,
  of: { readonly name: string; readonly version: string; readonly position: string },
): string {
  return `(select case when holder.resume_at is null then 'parked' else 'due' end
             from "${schema}".parked_events as held
             join "${schema}".parked_keys as holder using (name, version, slice, key)
            where held.name = ${of.name}
              and held.version = ${of.version}
              and held.position = ${of.position}
            order by holder.resume_at nulls first
            limit 1) as aside`;
}

/** Asks the leader for the events of parked keys. @param keys undefined for all @returns the number of keys */
export async function resumeParkedKeys(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  keys: readonly string[] | undefined,
): Promise<number> {
  const [row] = await run<{ resumed: number }>({
    name: undefined,
    text: `select "${schema}"._resume_parked($1, $2, $3::text[]) as resumed`,
    values: [name, version, keys === undefined ? null : textArray(keys)],
  });
  return row?.resumed ?? 0;
}

export interface GivingUp {
  readonly key: string;
  readonly upTo: number | undefined;
  readonly reason: string;
  readonly by: string;
}

/**
 * @returns the number of events, or undefined when the key is not parked
 *
 * SQL: in `_give_up_parked`. Waits for a batch that is being written.
 */
export async function giveUpParkedEvents(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  { key, upTo, reason, by }: GivingUp,
): Promise<number | undefined> {
  const [row] = await run<{ given_up: number | null }>({
    name: undefined,
    text: `select "${schema}"._give_up_parked($1, $2, $3, $4, $5, $6) as given_up`,
    values: [name, version, key, upTo ?? null, reason, by],
  });
  return row?.given_up ?? undefined;
}
