import { once } from 'node:events';
import { type AnyProjection, defineEvents, defineProjection, defineTableProjection } from '@leftfold/core';
import { createEventStore, type EventStoreOptions, type PostgresEventStore } from '@leftfold/event-store';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { z } from 'zod';
import { createProjectionRunner, type ProjectionRunnerOptions, projectionSchema } from '../src/index.ts';

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  deposited: z.object({ cents: z.int() }),
  closed: z.object({}),
});

export const auditEvents = defineEvents('audit', { noted: z.object({ note: z.string() }) });

export const { opened, deposited, closed } = accountEvents.create;

/** One row per account, folded in memory. */
export const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint', events: 'integer' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0, events: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner, events: row.events + 1 }),
    'account.deposited': (row, { data }) => ({
      ...row,
      cents: row.cents + data.cents,
      events: row.events + 1,
    }),
    'account.closed': () => null,
  },
});

/** Each deposit by its position, written by a handler: a repeated event is a unique violation, a lost one a hole. */
export const journal = defineProjection({
  name: 'journal',
  events: [accountEvents],
  tables: { entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] } },
  on: {
    'account.deposited': (tx, { position, data }) =>
      tx.insertInto('entry').values({ position, cents: data.cents }),
  },
});

/** A database of its own for one test file. */
export type Database = TestDatabase;

export function openStore(
  connectionString: string,
  options: Partial<EventStoreOptions> = {},
): PostgresEventStore {
  return createEventStore({ connectionString, events: [accountEvents, auditEvents], ...options });
}

let schemas = 0;

/** An empty log for one test. */
export async function freshStore(
  { connectionString }: Database,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  schemas += 1;
  const store = openStore(connectionString, { schema: `log_${schemas}`, ...options });
  await store.migrate();
  return store;
}

/** A runner whose leases and retries take milliseconds instead of seconds. */
export function createTestRunner(
  store: PostgresEventStore,
  projections: readonly AnyProjection[],
  options: Partial<ProjectionRunnerOptions> = {},
) {
  const retry = { attempts: 3, firstDelayMs: 5, maxDelayMs: 50 };
  return createProjectionRunner({
    store,
    projections,
    leaseMs: 2_000,
    retry,
    onIncident: () => {},
    ...options,
  });
}

/** Rows of a projection's table, in the order of its first columns. */
export async function rowsOf<TRow extends object = Record<string, unknown>>(
  store: PostgresEventStore,
  projection: {
    readonly name: string;
    readonly version: number;
    readonly tables: readonly { readonly name: string }[];
  },
): Promise<readonly TRow[]> {
  const table = sql.id(projectionSchema(store.schema, projection), projection.tables[0]?.name ?? '');
  const { rows } = await sql<TRow>`select * from ${table} as stored order by stored`.execute(store.db);
  return rows;
}

/** What a call rejects with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was expected to fail, and did not');
}

/** Holds a handler until the test opens it. */
export class Gate {
  readonly #opened = new AbortController();
  readonly #reached = new AbortController();

  open(): void {
    this.#opened.abort();
  }

  async pass(): Promise<void> {
    this.#reached.abort();
    await aborted(this.#opened.signal);
  }

  /** Waits until a handler is at the gate. */
  async reached(): Promise<void> {
    await aborted(this.#reached.signal);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
