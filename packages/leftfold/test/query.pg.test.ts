import { type LogToken } from '@leftfold/core';
import { account, balances, movements } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { guarantee } from '@leftfold/testbed/guarantees';
import { untilBlocked } from '@leftfold/testing/postgres';
import { type Kysely, sql } from 'kysely';
import { describe, expect } from 'vitest';
import { accepted, type QueryOptions } from '../src/index.ts';
import { startBank, test as appTest } from './app-test.ts';

const test = appTest
  // Deposits, asks, and only then starts an app that applies the deposit.
  .extend(
    'depositThen',
    ({ database, app }) =>
      async <T>(id: string, ask: (token: LogToken) => Promise<T>) => {
        const { token } = await app.execute(account.command.deposit(id, { cents: 5 }));
        const asked = ask(token);
        await using _runner = await startBank(database.connectionString);
        return await asked;
      },
  )
  .extend(
    'rowsOf',
    ({ app }) =>
      (id: string, token: LogToken) =>
        app.query(balances, { atLeast: token, timeoutMs: 20_000 }).where('account_id', '=', `account-${id}`),
  );

describe('a query with atLeast', () => {
  test('waits by execute', async ({ depositThen, rowsOf }) => {
    guarantee('consistency-tokens');
    const rows = await depositThen('execute', (token) => rowsOf('execute', token).execute());
    expect(rows).toEqual([{ account_id: 'account-execute', owner: '', cents: 5, events: 1 }]);
  });

  test('waits by executeTakeFirst', async ({ depositThen, rowsOf }) => {
    const row = await depositThen('first', (token) => rowsOf('first', token).executeTakeFirst());
    expect(row).toEqual({ account_id: 'account-first', owner: '', cents: 5, events: 1 });
  });

  test('waits by stream', async ({ depositThen, rowsOf }) => {
    const rows = await depositThen('stream', async (token) => {
      const found = [];
      for await (const row of rowsOf('stream', token).stream()) found.push(row);
      return found;
    });
    expect(rows).toEqual([{ account_id: 'account-stream', owner: '', cents: 5, events: 1 }]);
  });

  test('waits on the tables of a general projection', async ({ app, depositThen }) => {
    const rows = await depositThen('general', (token) =>
      app
        .query(movements, { atLeast: token, timeoutMs: 20_000 })
        .selectFrom('movements')
        .leftJoin('owners', 'owners.account_id', 'movements.account_id')
        .select(['movements.cents', 'owners.owner'])
        .where('movements.account_id', '=', 'account-general')
        .execute(),
    );
    expect(rows).toEqual([{ cents: 5, owner: null }]);
  });

  test('waits each time it is executed', async ({ database, app }) => {
    const { token } = await app.execute(account.command.deposit('anew', { cents: 1 }));
    const query = app
      .query(balances, { atLeast: token, timeoutMs: 0 })
      .where('account_id', '=', 'account-anew');
    await expect(query.execute()).rejects.toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    await using runner = await startBank(database.connectionString);
    await runner.projections.waitFor(balances, token);
    expect(await query.execute()).toHaveLength(1);
  });

  test('times out with an error that says how far the projection is', async ({ app }) => {
    guarantee('consistency-tokens');
    const { events, token } = accepted(await app.execute(account.command.deposit('nobody', { cents: 1 })));
    const [before] = await app.projections.status();
    const late = {
      code: 'SUBSCRIPTION_TIMEOUT',
      subscription: 'balances',
      wanted: events[0]?.position,
      reached: before?.position,
    };
    const query = app.query(balances, { atLeast: token, timeoutMs: 30 });
    const message = expect.stringContaining('after 30 ms');
    await expect(query.execute()).rejects.toMatchObject({ ...late, message });
    await expect(query.executeTakeFirst()).rejects.toMatchObject(late);
    await expect(query.stream().next()).rejects.toMatchObject(late);
    await expect(app.projections.waitFor(balances, token, { timeoutMs: 30 })).rejects.toMatchObject(late);
  });

  test('stops waiting when its signal is aborted', async ({ app }) => {
    const { token } = await app.execute(account.command.deposit('aborted', { cents: 1 }));
    const reason = new Error('the user has gone');
    const controller = new AbortController();
    const waiting = app.query(balances, { atLeast: token, signal: controller.signal }).execute();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('never reads a projection that is being reset', async ({ database, app }) => {
    guarantee('consistency-tokens');
    const { token } = await app.execute(account.command.deposit('reset', { cents: 1 }));
    const runner = await startBank(database.connectionString);
    await runner.projections.waitFor(balances, token);
    await runner.close();

    // The pool of the asking app, in whose connections a reset comes between the checkpoint and the rows.
    const asking = await startBank(database.connectionString, { subscriptions: { run: false } });
    let reset: Promise<void> | undefined;
    asking.store.pool.on('acquire', (client) => {
      const query = client.query.bind(client);
      client.query = (async (...input: Parameters<typeof query>) => {
        if (reset === undefined && JSON.stringify(input).includes('account-reset')) {
          reset = app.projections.reset(balances);
          await Promise.race([reset, untilBlocked(database.connectionString)]);
        }
        return query(...input);
      }) as typeof client.query;
    });
    const rows = await asking
      .query(balances, { atLeast: token })
      .where('account_id', '=', 'account-reset')
      .execute();
    expect(reset).toBeDefined();
    await reset;
    expect(rows).toEqual([{ account_id: 'account-reset', owner: '', cents: 1, events: 1 }]);
    await asking.close();
  });
});

describe('a query without atLeast', () => {
  test('returns the rows there are', async ({ database, app }) => {
    const first = await startBank(database.connectionString);
    await first.projections.whenCaughtUp(balances);
    await first.close();
    const { token } = await app.execute(account.command.deposit('now', { cents: 1 }));
    const own = app.query(balances).where('account_id', '=', 'account-now');
    expect(await own.execute()).toEqual([]);
    await using runner = await startBank(database.connectionString);
    await runner.projections.waitFor(balances, token);
    expect(await own.execute()).toHaveLength(1);
  });

  test('waits, or fails, until its version has caught up with the log', async ({ database, app }) => {
    guarantee('never-half-built');
    await app.execute(account.command.deposit('rebuilt', { cents: 1 }));
    await app.projections.reset(balances);
    const own = (options: QueryOptions) =>
      app.query(balances, options).where('account_id', '=', 'account-rebuilt');
    const code = 'SUBSCRIPTION_NOT_CAUGHT_UP';
    expect(await failureOf(own({ ifNotCaughtUp: 'fail' }).execute())).toMatchObject({ code });
    expect(await failureOf(own({ timeoutMs: 50 }).execute())).toMatchObject({ code, reached: 0 });
    const waiting = own({ timeoutMs: 20_000 }).execute();
    await using runner = await startBank(database.connectionString);
    expect(await waiting).toHaveLength(1);
    // A reset by another process holds again for this one, which has read complete rows before.
    await runner.projections.reset(balances);
    expect(await own({ timeoutMs: 20_000 }).execute()).toHaveLength(1);
  });

  test('shares its signal with any number of others without a warning', async ({ database, app }) => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    await app.execute(account.command.deposit('shared', { cents: 1 }));
    await app.projections.reset(balances);
    await using asking = await startBank(database.connectionString, {
      subscriptions: { run: false },
      database: { maxConnections: 20 },
    });
    const reason = new Error('the user has gone');
    const ending = new AbortController();
    // All of them find at the same time that the projection has not caught up.
    const holder = await beginTransaction(database.connectionString);
    await holder.client.query('lock table leftfold.subscriptions in access exclusive mode');
    const queries = Array.from({ length: 20 }, () =>
      failureOf(asking.query(balances, { signal: ending.signal }).execute()),
    );
    await untilBlocked(database.connectionString, { count: 20 });
    await holder.rollback();
    await failureOf(asking.query(balances, { timeoutMs: 100 }).execute());
    ending.abort(reason);
    for (const failure of await Promise.all(queries)) expect(failure).toBe(reason);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('on an empty log needs no wait', async ({ database }) => {
    await using empty = await startBank(database.connectionString, {
      schema: 'empty_log',
      subscriptions: { run: false },
    });
    expect(await empty.query(balances, { ifNotCaughtUp: 'fail' }).execute()).toEqual([]);
  });

  test('chooses, orders, limits and sums like any kysely query', async ({ database }) => {
    await using runner = await startBank(database.connectionString);
    for (const [index, owner] of ['c', 'a', 'b'].entries()) {
      await runner.execute(account.command.open(`order-${owner}`, { owner }));
      await runner.execute(account.command.deposit(`order-${owner}`, { cents: 10 + index }));
    }
    await runner.projections.whenCaughtUp(balances);
    await runner.projections.whenCaughtUp(movements);
    const ordered = runner
      .query(balances)
      .where('account_id', 'like', 'account-order-%')
      .orderBy('owner')
      .limit(2);
    expect((await ordered.execute()).map(({ owner }) => owner)).toEqual(['a', 'b']);
    const [total] = await runner
      .query(balances)
      .clearSelect()
      .select(({ fn }) => [fn.sum<number>('cents').as('cents'), fn.countAll<number>().as('accounts')])
      .where('account_id', 'like', 'account-order-%')
      .execute();
    expect(total).toEqual({ cents: '33', accounts: 3 });
    const wide = await runner
      .query(movements)
      .with('big', (db) => db.selectFrom('movements').selectAll().where('cents', '>=', 11))
      .selectFrom('big')
      .select(sql<number>`count(*)`.as('count'))
      .executeTakeFirstOrThrow();
    expect(wide.count).toBeGreaterThanOrEqual(2);
  });

  test('streams in chunks, and returns its connection when left early', async ({ database }) => {
    const one = await startBank(database.connectionString);
    await one.store.append(
      'account-many',
      Array.from({ length: 1000 }, () => account.events.create.deposited({ cents: 1 })),
    );
    await one.projections.whenCaughtUp(movements);
    const query = one
      .query(movements)
      .selectFrom('movements')
      .selectAll()
      .where('account_id', '=', 'account-many');
    let count = 0;
    for await (const { cents } of query.stream(64)) count += cents;
    expect(count).toBe(1000);
    // More often than there are connections.
    for (let round = 0; round < 10; round += 1) {
      for await (const row of query.stream(10)) {
        expect(row.account_id).toBe('account-many');
        break;
      }
    }
    await one.close();
  });
});

describe('a query cannot write', () => {
  test('in its with clause', async ({ app }) => {
    const writing = app
      .query(movements)
      .with('gone', (db) => db.deleteFrom('owners').returningAll())
      .selectFrom('gone')
      .selectAll();
    await expect(writing.execute()).rejects.toThrow(/read-only transaction/);
    await expect(writing.stream().next()).rejects.toThrow(/data-modifying/);
  });

  const append = `leftfold.append('audit', '[{"type": "audit.forged"}]')`;
  const writes = {
    'by a function': append,
    'by a function, with a value': sql`leftfold.append(${'audit'}, '[{"type": "audit.forged"}]')`,
    'after a change of the mode': `set_config('transaction_read_only', 'off', true), ${append}`,
    'by a second statement': `1; select ${append}; select 1`,
    'by a second statement after the end of the first': `1; commit; select ${append}; begin; select 1`,
  };
  for (const [how, what] of Object.entries(writes)) {
    test(`${how}, through any door`, async ({ database }) => {
      await using one = await startBank(database.connectionString);
      const { token } = await one.execute(account.command.deposit('door', { cents: 1 }));
      await one.projections.waitFor(balances, token);
      await one.projections.whenCaughtUp(balances);
      const select = typeof what === 'string' ? sql.raw(what) : what;
      for (const options of [{}, { atLeast: token }]) {
        const query = () =>
          one.query(balances, options).clearSelect().select(sql`${select}`.as('written')).limit(1);
        for (const failure of [
          await failureOf(query().execute()),
          await failureOf(query().executeTakeFirst()),
          await failureOf(query().stream().next()),
        ])
          expect(String(failure)).toMatch(
            /read-only transaction|read-write mode|SQLSTATE 42601|isolation level read committed/,
          );
      }
      for await (const event of one.store.readStream('audit')) expect.unreachable(event.type);
      // The connections go on, and write for others.
      await one.execute(account.command.deposit('door', { cents: 1 }));
    });
  }

  test('by a second query on a connection, which is refused', async ({ database }) => {
    await using one = await startBank(database.connectionString);
    const { token } = await one.execute(account.command.deposit('second', { cents: 1 }));
    // Not in the types, and there in JavaScript.
    const query = one.query(movements, { atLeast: token }) as unknown as Kysely<unknown>;
    const second = query.connection().execute(async (connection) => {
      await sql`commit`.execute(connection);
      await sql`delete from leftfold__movements_v1.movements`.execute(connection);
    });
    expect(await failureOf(second)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('must be the only one on its connection; make each with app.query'),
    });
  });
});
