import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** Why the events of a key were set aside: the first one of them failed. */
export interface ParkedFailure {
  readonly position: number;
  readonly type: string;
  /** Without values of rows or events, unless the handler's own error has some. */
  readonly message: string;
  readonly at: Date;
  /** The release that failed. */
  readonly release: string;
  /** How often the event was tried. */
  readonly attempts: number;
}

/** A key whose events are set aside. */
export interface ParkedKey {
  /** As it is stored: of a key with more than 300 characters, the beginning and a hash. */
  readonly key: string;
  readonly slice: number;
  readonly parkedAt: Date;
  readonly failure: ParkedFailure;
  /** Number of its events that are set aside. */
  readonly events: number;
  /** When they are processed next; undefined when the key waits to be resumed or given up. */
  readonly resumeAt: Date | undefined;
}

/** Events that were given up. */
export interface GivenUp {
  readonly id: number;
  readonly key: string;
  readonly slice: number;
  readonly positions: readonly number[];
  readonly at: Date;
  readonly by: string;
  readonly reason: string;
  readonly failure: ParkedFailure;
}

interface FailureRow {
  readonly key: string;
  readonly slice: number;
  readonly failed_position: number;
  readonly failed_type: string;
  readonly failed_message: string;
  readonly failed_at: number;
  readonly release: string;
  readonly attempts: number;
}

type ParkedRow = FailureRow & {
  readonly parked_at: number;
  readonly resume_at: number | null;
  readonly events: number;
};

type GivenUpRow = FailureRow & {
  readonly id: number;
  readonly positions: readonly number[];
  readonly given_up_at: number;
  readonly given_up_by: string;
  readonly reason: string;
};

const failureColumns = `listed.key, listed.slice, listed.failed_position, listed.failed_type, listed.failed_message,
                  pg_catalog.date_part('epoch', listed.failed_at) as failed_at, listed.release, listed.attempts`;

/** Whether a key waits to be resumed or given up, in any slice. SQL: a scan of `parked_keys_pkey`. */
export async function isKeyParked(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  key: string,
): Promise<boolean> {
  const [row] = await run<{ parked: boolean }>({
    name: undefined,
    text: `select exists (
             select from "${schema}".parked_keys as parked
              where parked.name = $1 and parked.version = $2 and parked.key = $3 and parked.resume_at is null
           ) as parked`,
    values: [name, version, key],
  });
  return row!.parked;
}

/**
 * A page of the parked keys after a key, in their order by code point.
 *
 * SQL: one range scan of `parked_keys_pkey`, and one of `parked_events_pkey` for each key of the page.
 */
export async function listParkedKeys(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly ParkedKey[]> {
  const rows = await run<ParkedRow>({
    name: undefined,
    text: `select ${failureColumns},
                  pg_catalog.date_part('epoch', listed.parked_at) as parked_at,
                  pg_catalog.date_part('epoch', listed.resume_at) as resume_at,
                  (select count(*)
                     from "${schema}".parked_events as event
                    where event.name = listed.name
                      and event.version = listed.version
                      and event.slice = listed.slice
                      and event.key = listed.key) as events
             from "${schema}".parked_keys as listed
            where listed.name = $1
              and listed.version = $2
              and ($3::text is null or listed.key > $3 collate "C")
            order by listed.key, listed.slice
            limit $4`,
    values: [name, version, after ?? null, limit],
  });
  return rows.map((row) => ({
    key: row.key,
    slice: row.slice,
    parkedAt: toDate(row.parked_at),
    failure: toFailure(row),
    events: row.events,
    resumeAt: row.resume_at === null ? undefined : toDate(row.resume_at),
  }));
}

/** A page of what was given up after an id, in the order in which it was. SQL: one scan of `given_up_events_name_idx`. */
export async function listGivenUp(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly GivenUp[]> {
  const rows = await run<GivenUpRow>({
    name: undefined,
    text: `select listed.id, ${failureColumns}, listed.positions,
                  pg_catalog.date_part('epoch', listed.given_up_at) as given_up_at, listed.given_up_by, listed.reason
             from "${schema}".given_up_events as listed
            where listed.name = $1
              and listed.version = $2
              and listed.id > $3
            order by listed.id
            limit $4`,
    values: [name, version, after, limit],
  });
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    slice: row.slice,
    positions: row.positions.map(Number),
    at: toDate(row.given_up_at),
    by: row.given_up_by,
    reason: row.reason,
    failure: toFailure(row),
  }));
}

function toFailure(row: FailureRow): ParkedFailure {
  return {
    position: row.failed_position,
    type: row.failed_type,
    message: row.failed_message,
    at: toDate(row.failed_at),
    release: row.release,
    attempts: row.attempts,
  };
}

function toDate(seconds: number): Date {
  return new Date(seconds * 1_000);
}
