import { defineReaction } from '@leftfold/core';
import { account, accountEvents, balances, movements, openBalances } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { findProgram, startPgBouncer } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { aggregateIdOf, createApp, type SubscriptionIncident } from '../src/index.ts';

const program = findProgram('pgbouncer');
const test = databaseTest();
const SERVER_CONNECTIONS = 4;
const ACCOUNTS = 30;
const patient = { timeoutMs: 30_000 } as const;
const sliced = { ...balances, slices: 4 };

/** What PgBouncer sets for a client, and what a client sets on its first connection: always the same. */
const PINNED = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'standard_conforming_strings',
  'array_nulls',
  'bytea_output',
  'client_connection_check_interval',
  'extra_float_digits',
  'gin_fuzzy_search_limit',
  'quote_all_identifiers',
  'transform_null_equals',
].join(',');

/** Deposits a cent into each account that is opened; that of Eve fails until it is told to go on. */
function welcoming() {
  const state = { broken: true };
  const welcome = defineReaction({
    name: 'welcome',
    events: [accountEvents],
    slices: 2,
    onFailure: 'park',
    retry: { attempts: 2, firstDelayMs: 5 },
    on: {
      'account.opened': async ({ streamId, data }, { execute }) => {
        if (state.broken && data.owner === 'Eve') throw new Error('not yet');
        await execute(account.command.deposit(aggregateIdOf(streamId), { cents: 1 }));
      },
    },
  });
  return { welcome, state };
}

/** What a server connection of the pooler still has of the transactions before. */
async function sessionStates(url: string): Promise<readonly unknown[]> {
  // Open transactions: each has a server connection of its own.
  const open = await Promise.all(Array.from({ length: SERVER_CONNECTIONS }, () => beginTransaction(url)));
  const states = [];
  for (const { client } of open) {
    const { rows } = await client.query(`
      select pg_backend_pid() as pid,
             (select array_agg(name) from pg_settings
               where source = 'session' and name <> 'transaction_isolation' and name <> all ('{${PINNED}}')) as settings,
             (select count(*)::integer from pg_prepared_statements) as statements,
             (select count(*)::integer from pg_cursors where is_holdable) as cursors,
             (select count(*)::integer from pg_listening_channels()) as channels,
             (select count(*)::integer from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
             pg_my_temp_schema()::integer as temporary`);
    states.push(rows[0]);
  }
  for (const transaction of open) await transaction.rollback();
  return states;
}

describe.skipIf(program === undefined)('three processes on four server connections of PgBouncer', () => {
  test('rebuild, verify, read strongly, react, park and resume, and leave no state of a session', async ({
    ownDatabase,
  }) => {
    guarantee('rebuild-serves', 'strong-reads', 'reactions-at-least-once', 'commands-of-reactions-once');
    await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
      `default_pool_size = ${SERVER_CONNECTIONS}`,
    ]);
    const incidents: SubscriptionIncident[] = [];
    const { welcome, state } = welcoming();
    const open = (owner: string) =>
      createApp({
        database: { url: bouncer.connectionString, preparedStatements: false, listen: false },
        aggregates: [account],
        projections: [sliced, openBalances, movements],
        reactions: [welcome],
        subscriptions: { owner, onIncident: (incident) => void incidents.push(incident) },
      });
    await using first = await open('first');
    await using second = await open('second');
    await using third = await open('third');
    const apps = [first, second, third];
    const appOf = (index: number) => apps[index % apps.length]!;
    const ids = Array.from({ length: ACCOUNTS }, (_, index) => String(index));
    for (const app of apps) await app.ready(patient);
    await Promise.all(
      ids.map((id, index) =>
        appOf(index).execute(account.command.open(id, { owner: index === 7 ? 'Eve' : 'Ada' })),
      ),
    );

    let ended = false;
    const atWork = (async () => {
      const done = [];
      for (let round = 0; !ended || round < ACCOUNTS; round += 1) {
        const id = ids[round % ACCOUNTS]!;
        done.push(await appOf(round).execute(account.command.deposit(id, { cents: 100 })));
        const rows = await appOf(round + 1)
          .query(sliced, { consistency: 'strong', ...patient })
          .where('account_id', '=', `account-${id}`)
          .execute();
        expect(rows[0]?.cents).toBeGreaterThanOrEqual(100 * (Math.floor(round / ACCOUNTS) + 1));
      }
      return done;
    })();
    const [rebuilt, verified] = await Promise.all([
      second.projections.rebuild(sliced, { slices: 3 }),
      third.projections.verify(movements),
    ]);
    expect(rebuilt).toMatchObject({ outcome: 'switched' });
    expect(verified).toMatchObject({ equal: true });
    ended = true;
    const deposits = await atWork;
    await first.reactions.whenCaughtUp(welcome, patient);
    expect(await first.reactions.parked.list(welcome)).toMatchObject([{ key: 'account-7', events: 1 }]);
    state.broken = false;
    await third.reactions.parked.resume(welcome, 'account-7');
    await second.reactions.whenCaughtUp(welcome, patient);

    const cents = await first.read([sliced, movements], { consistency: 'strong', ...patient }, async (db) => {
      const [moved] = await db
        .selectFrom('movements')
        .select(db.fn.sum<string>('cents').as('cents'))
        .execute();
      const [held] = await db.selectFrom('balances').select(db.fn.sum<string>('cents').as('cents')).execute();
      return [moved?.cents, held?.cents].map(Number);
    });
    const inAll = deposits.length * 100 + ACCOUNTS;
    expect(cents).toEqual([inAll, inAll]);
    expect(await first.projections.verify(sliced)).toMatchObject({ equal: true, rows: ACCOUNTS });
    expect(await second.projections.verify(openBalances)).toMatchObject({ equal: true, rows: ACCOUNTS });
    for (const app of apps) {
      await app.ready(patient);
      expect(await app.health({ timeoutMs: 10_000 })).toMatchObject({ live: true, ready: true });
      expect((await app.status()).reactions).toMatchObject([{ state: 'running', parked: { keys: 0 } }]);
    }
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
    expect(await sessionStates(bouncer.connectionString)).toEqual(
      Array.from({ length: SERVER_CONNECTIONS }, () => ({
        pid: expect.any(Number),
        settings: null,
        statements: 0,
        cursors: 0,
        channels: 0,
        locks: 0,
        temporary: 0,
      })),
    );
  });
});
