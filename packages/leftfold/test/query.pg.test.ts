import { untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, balances, createDatabase, movements, startBank } from './bank.ts';

type Bank = Awaited<ReturnType<typeof startBank>>;

let database: Awaited<ReturnType<typeof createDatabase>>;
/** Answers queries, and leaves the projections to others. */
let app: Bank;

beforeAll(async () => {
  database = await createDatabase();
  app = await startBank(database.connectionString, { subscriptions: { run: false } });
});

afterAll(async () => {
  await app?.close();
  await database?.[Symbol.asyncDispose]();
});

/** Deposits, and an app that will apply it: started only after the query has been asked. */
async function depositThen<TAnswer>(id: string, ask: (token: number) => Promise<TAnswer>): Promise<TAnswer> {
  const { token } = await app.execute(account.command.deposit(id, { cents: 5 }));
  const asked = ask(token);
  await using _runner = await startBank(database.connectionString);
  return await asked;
}

describe('a query with atLeast', () => {
  const own = (id: string, token: number) =>
    app.query(balances, { atLeast: token, timeoutMs: 20_000 }).where('account_id', '=', `account-${id}`);

  test('waits by execute', async () => {
    const rows = await depositThen('execute', (token) => own('execute', token).execute());
    expect(rows).toEqual([{ account_id: 'account-execute', owner: '', cents: 5 }]);
  });

  test('waits by executeTakeFirst', async () => {
    const row = await depositThen('first', (token) => own('first', token).executeTakeFirst());
    expect(row).toEqual({ account_id: 'account-first', owner: '', cents: 5 });
  });

  test('waits by stream', async () => {
    const rows = await depositThen('stream', async (token) => {
      const found = [];
      for await (const row of own('stream', token).stream()) found.push(row);
      return found;
    });
    expect(rows).toEqual([{ account_id: 'account-stream', owner: '', cents: 5 }]);
  });

  test('waits on the tables of a general projection', async () => {
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

  test('waits anew each time it is executed', async () => {
    const { token } = await app.execute(account.command.deposit('anew', { cents: 1 }));
    const query = app
      .query(balances, { atLeast: token, timeoutMs: 0 })
      .where('account_id', '=', 'account-anew');
    await expect(query.execute()).rejects.toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    await using runner = await startBank(database.connectionString);
    await runner.projections.waitFor(balances, token);
    expect(await query.execute()).toHaveLength(1);
  });

  test('that nobody fulfils fails with a typed error that says how far it is: never a stale answer', async () => {
    const { token } = await app.execute(account.command.deposit('nobody', { cents: 1 }));
    const [before] = await app.projections.status();
    const late = {
      code: 'SUBSCRIPTION_TIMEOUT',
      subscription: 'balances',
      wanted: token,
      reached: before?.position,
    };
    const query = app.query(balances, { atLeast: token, timeoutMs: 30 });
    const message = expect.stringContaining('after 30 ms');
    await expect(query.execute()).rejects.toMatchObject({ ...late, message });
    await expect(query.executeTakeFirst()).rejects.toMatchObject(late);
    await expect(query.stream().next()).rejects.toMatchObject(late);
    await expect(app.projections.waitFor(balances, token, { timeoutMs: 30 })).rejects.toMatchObject(late);
  });

  test('ends its wait when its signal says so', async () => {
    const { token } = await app.execute(account.command.deposit('aborted', { cents: 1 }));
    const reason = new Error('the user has gone');
    const controller = new AbortController();
    const waiting = app.query(balances, { atLeast: token, signal: controller.signal }).execute();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('is never answered from a projection that somebody empties just then', async () => {
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
    expect(rows).toEqual([{ account_id: 'account-reset', owner: '', cents: 1 }]);
    await asking.close();
  });
});

describe('a query without atLeast', () => {
  test('answers with what there is', async () => {
    const { token } = await app.execute(account.command.deposit('now', { cents: 1 }));
    const own = app.query(balances).where('account_id', '=', 'account-now');
    expect(await own.execute()).toEqual([]);
    await using runner = await startBank(database.connectionString);
    await runner.projections.waitFor(balances, token);
    expect(await own.execute()).toHaveLength(1);
  });

  test('chooses, orders, limits and sums like any kysely query', async () => {
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

  test('streams any number of rows in chunks, and gives its connection back when it is left early', async () => {
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

  test('cannot write', async () => {
    const writing = app
      .query(movements)
      .with('gone', (db) => db.deleteFrom('owners').returningAll())
      .selectFrom('gone')
      .selectAll();
    await expect(writing.execute()).rejects.toThrow(/read-only transaction/);
    await expect(writing.stream().next()).rejects.toThrow(/data-modifying/);
  });
});
