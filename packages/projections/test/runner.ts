import type { AnyProjection } from '@leftfold/core';
import { createEventStore, type EventStoreOptions, type PostgresEventStore } from '@leftfold/event-store';
import { accountEvents, auditEvents } from '@leftfold/testbed/bank';
import type { RoleLogins } from '@leftfold/testbed/roles';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { createProjectionRunner, type ProjectionRunnerOptions, projectionSchema } from '../src/index.ts';

export function openStore(
  connectionString: string,
  options: Partial<EventStoreOptions> = {},
): PostgresEventStore {
  return createEventStore({ connectionString, events: [accountEvents, auditEvents], ...options });
}

let schemas = 0;

/** An empty log in a schema of its own. */
export async function freshStore(
  { connectionString }: TestDatabase,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  schemas += 1;
  const store = openStore(connectionString, { schema: `log_${schemas}`, ...options });
  await store.migrate();
  return store;
}

/** The logins of logs in which the owner migrates before a runner starts. */
const loginsOf = new WeakMap<PostgresEventStore, RoleLogins>();

/** An empty log of the owner, for the role of an app that runs projections. */
export async function freshStoreOf(
  logins: RoleLogins,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  schemas += 1;
  const schema = `log_${schemas}`;
  await logins.grant({ schema });
  await using owned = openStore(logins.urlOf('owner'), { schema });
  await owned.migrate();
  await logins.grant({ schema });
  const store = openStore(logins.urlOf('process'), { schema, ...options });
  loginsOf.set(store, logins);
  return store;
}

/** Creates what a runner of these projections needs, as a release does before its processes start. */
async function migrateAsOwner(
  { schema, inline }: PostgresEventStore,
  logins: RoleLogins,
  projections: readonly AnyProjection[],
): Promise<void> {
  await using store = openStore(logins.urlOf('owner'), { schema, inline });
  await using runner = createProjectionRunner({ store, projections });
  await runner.migrate();
  await logins.grant({ schema, projections });
}

/** A runner whose leases and retries take milliseconds instead of seconds. */
export function createTestRunner(
  store: PostgresEventStore,
  projections: readonly AnyProjection[],
  options: Partial<ProjectionRunnerOptions> = {},
) {
  const retry = { attempts: 3, firstDelayMs: 5, maxDelayMs: 50 };
  const runner = createProjectionRunner({
    store,
    projections,
    leaseMs: 2_000,
    retry,
    onIncident: () => {},
    ...options,
  });
  const logins = loginsOf.get(store);
  if (logins === undefined) return runner;
  const start = runner.start.bind(runner);
  return Object.assign(runner, {
    start: async () => {
      await migrateAsOwner(store, logins, projections);
      await start();
    },
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
