import { type AnyProjection, categoryOf, defineTableProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { SubscriptionIncident } from '@leftfold/subscriptions';
import { accountEvents, journal } from '@leftfold/testbed/bank';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { inlineProjections, type ProjectionRunner } from '../src/index.ts';
import { test as runnerTest } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

export const inlineJournal = { ...journal, mode: 'inline' } as const;

/** All accounts in one row: an event that is applied twice, or not at all, shows in it. */
export const sums = defineTableProjection({
  name: 'sums',
  mode: 'inline',
  events: [accountEvents],
  columns: { category: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ category: categoryOf(streamId) }),
  initialRow: { cents: 0 },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});

let schemas = 0;

export const test = runnerTest
  // A log, and a runner that makes these projections inline once it is started.
  .extend('inlineLogToStart', ({ database }) => async (projections: readonly AnyProjection[]) => {
    schemas += 1;
    const schema = `demotion_${schemas}`;
    const store = await freshStore(database, { schema, inline: inlineProjections(projections, { schema }) });
    const incidents: SubscriptionIncident[] = [];
    const runner = createTestRunner(store, projections, {
      leaseMs: 300,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.migrate();
    return { store, runner, incidents, [Symbol.asyncDispose]: () => runner.stop().then(() => store.close()) };
  })
  .extend('inlineLog', ({ inlineLogToStart }) => async (projections: readonly AnyProjection[]) => {
    const log = await inlineLogToStart(projections);
    await log.runner.start();
    for (const projection of projections) await log.runner.whenCaughtUp(projection);
    return log;
  })
  // A store of another process on the same log.
  .extend(
    'sameLog',
    ({ database }) =>
      ({ schema }: PostgresEventStore, projections: readonly AnyProjection[] = []) =>
        openStore(database.connectionString, { schema, inline: inlineProjections(projections, { schema }) }),
  );

/** Ends the time in which a demoted projection is not made inline, and the lease of the process that knows of it. */
export async function endDemotion({ db, schema }: PostgresEventStore): Promise<void> {
  await sql`
    update ${sql.id(schema, 'subscriptions')}
       set inline_after = clock_timestamp(), lease_until = null, epoch = epoch + 1
     where not inline`.execute(db);
}

export const statesOf = async (runner: ProjectionRunner) => (await runner.status()).map(({ state }) => state);

export async function untilInline(runner: ProjectionRunner): Promise<void> {
  const inline = async () => (await statesOf(runner)).every((state) => state === 'inline');
  await until(inline, { message: 'the projections to be inline' });
}

export const centsOf = async (store: PostgresEventStore, projection: AnyProjection) =>
  (await rowsOf<{ cents: number }>(store, projection)).map(({ cents }) => cents);
