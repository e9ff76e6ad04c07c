import type pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';

/** An event as it stands in the log. */
export interface Fact {
  readonly position: number;
  readonly id: string;
  readonly streamId: string;
  readonly type: string;
  readonly data: {
    readonly amount?: number;
    readonly group?: string;
    readonly source?: string;
    readonly poison?: { readonly for: string; readonly before: number } | null;
  };
}

/** A row of a read model. */
export interface StoredRow {
  readonly id: string;
  readonly count: number;
  readonly sum: number;
  readonly chain: number;
}

/** One slice of a subscription. */
export interface StoredSlice {
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  readonly slices: number;
  readonly changing: boolean;
  readonly position: number;
  readonly inline: boolean;
  readonly owner: string | null;
  readonly failure: string | null;
}

export interface ParkedKey {
  readonly name: string;
  readonly version: number;
  readonly key: string;
  readonly failedPosition: number;
  readonly failedMessage: string;
  readonly events: number;
  /** Waits for an operator. */
  readonly waits: boolean;
}

export interface GivenUp {
  readonly name: string;
  readonly version: number;
  readonly key: string;
  readonly positions: readonly number[];
}

export interface StoredEffect {
  readonly reaction: string;
  readonly key: string;
  readonly position: number;
}

/** Everything that is compared, as the database has it. Read without any code that is under test. */
export interface Recorded {
  readonly facts: readonly Fact[];
  readonly slices: readonly StoredSlice[];
  readonly parked: readonly ParkedKey[];
  readonly givenUp: readonly GivenUp[];
  readonly effects: readonly StoredEffect[];
  /** By projection and version: `totals 1`. */
  readonly tables: ReadonlyMap<string, readonly StoredRow[]>;
}

export async function readRecorded(connectionString: string): Promise<Recorded> {
  return withClient(connectionString, async (client) => {
    await client.query('begin isolation level repeatable read');
    const facts = await rowsOf<Fact>(
      client,
      `select position::float8 as position, event_id as id, stream_id as "streamId", type, data
         from leftfold.events order by position`,
    );
    const givenUp = await rowsOf<GivenUp>(
      client,
      'select name, version, key, positions::float8[] as positions from leftfold.given_up_events order by id',
    );
    const effects = await rowsOf<StoredEffect>(
      client,
      'select reaction, key, position::float8 as position from oracle.effects order by number',
    );
    return {
      facts,
      slices: await readSlices(client),
      parked: await readParked(client),
      givenUp,
      effects,
      tables: await readTables(client),
    };
  });
}

export function readSlices(client: pg.Client): Promise<readonly StoredSlice[]> {
  return rowsOf<StoredSlice>(
    client,
    `select name, version, slice, slices, next_slices is not null as changing, position::float8 as position, inline,
            case when lease_until > clock_timestamp() then owner end as owner,
            case when stopped_at is not null then failed_position || ': ' || failed_message end as failure
       from leftfold.subscriptions order by name, version, slice`,
  );
}

export function readParked(client: pg.Client): Promise<readonly ParkedKey[]> {
  return rowsOf<ParkedKey>(
    client,
    `select name, version, key, failed_position::float8 as "failedPosition", failed_message as "failedMessage",
            (select count(*)::integer from leftfold.parked_events as parked
              where (parked.name, parked.version, parked.slice, parked.key)
                    = (keys.name, keys.version, keys.slice, keys.key)) as events,
            resume_at is null as waits
       from leftfold.parked_keys as keys order by name, version, key`,
  );
}

async function readTables(client: pg.Client): Promise<ReadonlyMap<string, readonly StoredRow[]>> {
  const found = await rowsOf<{ schema: string; table: string; version: number }>(
    client,
    `select table_schema as schema, table_name as table, substring(table_schema from '_v([0-9]+)$')::integer as version
       from information_schema.tables where table_schema like 'leftfold\\_\\_%'`,
  );
  const tables = new Map<string, readonly StoredRow[]>();
  for (const { schema, table, version } of found) {
    const rows = await rowsOf<StoredRow>(
      client,
      `select id, count, sum::float8 as sum, chain::float8 as chain from "${schema}"."${table}"`,
    );
    tables.set(`${table} ${version}`, rows);
  }
  return tables;
}

async function rowsOf<TRow extends object>(client: pg.Client, text: string): Promise<readonly TRow[]> {
  return (await client.query<TRow>(text)).rows;
}
