import { defineEvents, type RecordedEvent } from '@leftfold/core';
import { createEventStore, type EventStoreOptions, type PostgresEventStore } from '@leftfold/event-store';
import type { RoleLogins } from '@leftfold/testbed/roles';
import { type Kysely, sql, type Transaction } from 'kysely';
import { z } from 'zod';
import {
  advanceCheckpoint,
  BatchFailure,
  createSubscriptionRunner,
  type LeaseTerm,
  type SubscriptionDefinition,
  type SubscriptionHandler,
  type SubscriptionPage,
  type SubscriptionRunner,
  type SubscriptionRunnerOptions,
  writeInTransaction,
} from '../src/index.ts';

export const counterEvents = defineEvents('counter', {
  added: z.object({ amount: z.int() }),
  noted: z.object({}),
});

export const added = (amount: number) => counterEvents.create.added({ amount });
export const noted = counterEvents.create.noted({});

export interface RecorderOptions {
  /** @default 1 */
  readonly version?: number;
  readonly slices?: number;
  readonly keysOf?: (event: RecordedEvent) => readonly string[];
  /** Stored with each entry: which runner wrote it. @default '' */
  readonly by?: string;
  /** Added to the positions of the entries, so that another recorder of the same name can write beside it. @default 0 */
  readonly offset?: number;
  readonly eventTypes?: readonly string[];
  /** Runs after the entry of each event was written, in its transaction. */
  readonly onEvent?: (event: RecordedEvent, tx: Transaction<unknown>) => Promise<unknown>;
}

/**
 * A subscription whose handler writes an entry for each event: an event that is processed twice is a unique violation,
 * one that is lost leaves a hole.
 */
export function recorder(
  store: PostgresEventStore,
  name: string,
  options: RecorderOptions = {},
): Omit<SubscriptionDefinition, 'createHandler'> & {
  readonly createHandler: (term: LeaseTerm) => SubscriptionHandler;
} {
  const { version = 1, slices, keysOf, eventTypes = ['counter.added'] } = options;
  return {
    kind: 'recorder',
    name,
    version,
    slices,
    keysOf,
    eventTypes,
    createHandler: (term) => new Recorder(store, term, options),
    clear: async (tx) => {
      await sql`delete from ${entries(store)} where name = ${name} and version = ${version}`.execute(tx);
    },
  };
}

class Recorder implements SubscriptionHandler {
  readonly #store: PostgresEventStore;
  readonly #term: LeaseTerm;
  readonly #options: RecorderOptions;

  constructor(store: PostgresEventStore, term: LeaseTerm, options: RecorderOptions) {
    this.#store = store;
    this.#term = term;
    this.#options = options;
  }

  async prepare(page: SubscriptionPage) {
    const { to, events } = page;
    return { to, eventCount: events.length, grows: false, write: () => this.#write(page) };
  }

  async #write({ from, to, events }: SubscriptionPage): Promise<boolean> {
    const store = this.#store;
    const step = { lease: this.#term, from, to };
    if (events.length === 0) return advanceCheckpoint(store.db, store.schema, step);
    let failing: { readonly event: RecordedEvent; readonly before: number } | undefined;
    try {
      return await writeInTransaction(store, step, async ({ tx }) => {
        for (const [before, event] of events.entries()) {
          failing = { event, before };
          await this.#record(tx, event);
        }
        failing = undefined;
      });
    } catch (error) {
      throw new BatchFailure(error, { eventCount: events.length, firstEvent: events[0], failing });
    }
  }

  async #record(tx: Transaction<unknown>, event: RecordedEvent): Promise<void> {
    const { name, version, slice } = this.#term;
    const { by = '', offset = 0, onEvent } = this.#options;
    const { position, data } = event;
    const amount = typeof data === 'object' && data !== null && 'amount' in data ? Number(data['amount']) : 0;
    await sql`insert into ${entries(this.#store)} (name, version, slice, position, amount, written_by)
              values (${name}, ${version}, ${slice}, ${position + offset}, ${amount}, ${by})`.execute(tx);
    await onEvent?.(event, tx);
  }
}

function entries({ schema }: Pick<PostgresEventStore, 'schema'>) {
  return sql.id(schema, 'entries');
}

export interface Entry {
  readonly position: number;
  readonly amount: number;
  readonly by: string;
}

/** What a recorder has written, in the order of the log. */
export async function entriesOf(
  store: PostgresEventStore,
  name: string,
  { version = 1 }: { readonly version?: number } = {},
): Promise<readonly Entry[]> {
  const { rows } = await sql<Entry>`
    select position, amount, written_by as by
      from ${entries(store)}
     where name = ${name} and version = ${version}
     order by position`.execute(store.db);
  return rows;
}

/** The amounts in the order in which they were written. */
export async function orderOf(store: PostgresEventStore, name: string): Promise<readonly number[]> {
  const { rows } = await sql<Pick<Entry, 'amount'>>`
    select amount from ${entries(store)} where name = ${name} order by number`.execute(store.db);
  return rows.map(({ amount }) => amount);
}

/** The slices of a recorder that have written something, with the streams of the events. */
export async function slicesOf(
  store: PostgresEventStore,
  name: string,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { rows } = await sql<{ slice: number; streams: readonly string[] }>`
    select entry.slice, array_agg(distinct event.stream_id order by event.stream_id) as streams
      from ${entries(store)} as entry
      join ${sql.id(store.schema, 'events')} as event on event.position = entry.position
     where entry.name = ${name}
     group by entry.slice
     order by entry.slice`.execute(store.db);
  return new Map(rows.map(({ slice, streams }) => [slice, streams]));
}

export async function amountsOf(...input: Parameters<typeof entriesOf>): Promise<readonly number[]> {
  return (await entriesOf(...input)).map(({ amount }) => amount);
}

export function openStore(
  connectionString: string,
  options: Partial<EventStoreOptions> = {},
): PostgresEventStore {
  return createEventStore({ connectionString, events: [counterEvents], ...options });
}

let schemas = 0;

/** An empty log, with a table for recorders, for one test. */
export async function freshStore(
  connectionString: string,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  schemas += 1;
  const store = openStore(connectionString, { schema: `log_${schemas}`, ...options });
  await store.migrate();
  await createEntries(store.db, store.schema);
  return store;
}

/** The same, made by the owner, for the role of an app that runs subscriptions. */
export async function freshStoreOf(
  logins: RoleLogins,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  schemas += 1;
  const schema = `log_${schemas}`;
  await logins.grant({ schema });
  await using owned = openStore(logins.urlOf('owner'), { schema });
  await owned.migrate();
  await createSubscriptionRunner({ store: owned, subscriptions: [] }).migrate();
  await createEntries(owned.db, schema);
  await sql`grant select, insert, delete on ${entries(owned)} to ${sql.id(logins.roles.projector)}`.execute(
    owned.db,
  );
  await logins.grant({ schema });
  return openStore(logins.urlOf('process'), { schema, ...options });
}

async function createEntries(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${entries({ schema })} (
    name       text    not null,
    version    integer not null,
    slice      integer not null,
    position   bigint  not null,
    amount     integer not null,
    written_by text    not null,
    number     bigint  not null generated always as identity,
    primary key (name, version, position)
  )`.execute(db);
}

/** A runner whose leases and retries take milliseconds instead of seconds. */
export function createRunner(
  store: PostgresEventStore,
  subscriptions: readonly SubscriptionDefinition[],
  options: Partial<SubscriptionRunnerOptions> = {},
): SubscriptionRunner {
  const retry = { attempts: 3, firstDelayMs: 5, maxDelayMs: 50 };
  return createSubscriptionRunner({
    store,
    subscriptions,
    leaseMs: 2_000,
    retry,
    onIncident: () => {},
    ...options,
  });
}

/** The name of the process that holds the lease of a subscription, or had it last. */
export async function ownerOf(
  store: PostgresEventStore,
  name: string,
  { version = 1, slice = 0 }: { readonly version?: number; readonly slice?: number } = {},
): Promise<string | undefined> {
  const { rows } = await sql<{ owner: string | null }>`
    select owner
      from ${sql.id(store.schema, 'subscriptions')}
     where name = ${name} and version = ${version} and slice = ${slice}`.execute(store.db);
  return rows[0]?.owner?.split('/')[0];
}
