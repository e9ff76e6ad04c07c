import { defineProjection, defineTableProjection, latestToken, type LogToken, tokenOf } from '@leftfold/core';
import { account, accountEvents, balances, deposited, movements } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { countQueries, Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { type Kysely, sql } from 'kysely';
import { describe, expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { startBank, test as appTest } from './app-test.ts';

const idle = { subscriptions: { run: false } } as const;
const patient = { timeoutMs: 20_000 } as const;

/** `app` leaves the projections to others; they have caught up once, so that nobody waits for that. */
const test = appTest.extend('app', { scope: 'file' }, async ({ database }, { onCleanup }) => {
  const runner = await startBank(database.connectionString);
  await runner.projections.whenCaughtUp(balances);
  await runner.projections.whenCaughtUp(movements);
  await runner.close();
  const app = await startBank(database.connectionString, idle);
  onCleanup(() => app.close());
  return app;
});

const deposit = (id: string, cents = 1) => account.command.deposit(id, { cents });

describe('a strong query', () => {
  test('has every event that another process committed before', async ({ database, app }) => {
    guarantee('strong-reads');
    await app.execute(deposit('strong', 7));
    const asking = await startBank(database.connectionString, idle);
    const own = (options: object) =>
      asking.query(balances, options).where('account_id', '=', 'account-strong').execute();
    expect(await own({})).toEqual([]);
    const late = await failureOf(own({ consistency: 'strong', timeoutMs: 30 }));
    expect(late).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT', subscription: 'balances' });
    const waiting = own({ consistency: 'strong', ...patient });
    await using _runner = await startBank(database.connectionString);
    expect(await waiting).toMatchObject([{ cents: 7 }]);
    await asking.close();
  });

  test('has an event above an append that is still in flight', async ({ database, app }) => {
    guarantee('strong-reads');
    await using runner = await startBank(database.connectionString);
    await runner.projections.whenCaughtUp(balances);
    const open = await beginTransaction(database.connectionString);
    await app.store.append('account-open', [deposited(1)], { transaction: open.client });
    await app.store.append('account-above', [deposited(2)]);
    // The projection cannot come so far: a high-water mark would be below the event.
    const above = { consistency: 'strong' as const };
    const query = (timeoutMs: number) =>
      runner
        .query(balances, { ...above, timeoutMs })
        .where('account_id', '=', 'account-above')
        .execute();
    expect(await failureOf(query(100))).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    const waiting = query(20_000);
    await open.commit();
    expect(await waiting).toMatchObject([{ cents: 2 }]);
  });

  test('waits no longer than for what was committed before it', async ({ database, app }) => {
    await using runner = await startBank(database.connectionString);
    let writing = true;
    const writes = (async () => {
      while (writing) await app.execute(deposit('endless'));
    })();
    for (let round = 0; round < 20; round += 1)
      await runner
        .query(balances, { consistency: 'strong', ...patient })
        .limit(1)
        .execute();
    writing = false;
    await writes;
  });
});

describe('a token of what was read', () => {
  test('keeps a session from older rows, though it alternates between two releases', async ({
    ownDatabase: { connectionString: url },
  }) => {
    guarantee('monotonic-reads');
    const next = defineTableProjection({
      name: 'balances',
      version: 2,
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'bigint' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
    });
    const startNext = (run: boolean) =>
      createApp({ projections: [next], database: { url }, subscriptions: { run } });
    await using one = await startBank(url);
    const leader = await startNext(true);
    await leader.projections.whenCaughtUp(next);
    await leader.close(); // nobody leads the next version any more
    await using two = await startNext(false);

    let newest = tokenOf(undefined);
    const onToken = (token: LogToken) => {
      newest = latestToken([newest, token]);
    };
    const fromOne = async (atLeast?: LogToken) =>
      (await one.query(balances, { atLeast, onToken }).execute())[0]?.cents ?? 0;
    const fromTwo = async (timeoutMs: number, atLeast?: LogToken) =>
      (await two.query(next, { atLeast, onToken, timeoutMs }).execute())[0]?.cents ?? 0;

    for (let cents = 1; cents <= 3; cents += 1) {
      const { token } = await one.execute(deposit('session'));
      await one.projections.waitFor(balances, token);
      expect(await fromOne()).toBe(cents);
      expect(newest).toBe(token);
      // Without the token, older rows; with it none.
      expect(await fromTwo(1_000)).toBeLessThan(cents);
      expect(newest).toBe(token);
      expect(await failureOf(fromTwo(50, newest))).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
      const waiting = fromTwo(20_000, newest);
      const held = await startNext(true);
      expect(await waiting).toBe(cents);
      await held.close();
      expect(await fromOne(newest)).toBe(cents);
    }
  });

  test('is the one of a read that is inline: of every event that is visible', async ({ database, app }) => {
    await using runner = await startBank(database.connectionString);
    const { token } = await app.execute(deposit('inline-token'));
    await runner.projections.waitFor(balances, token);
    expect(await runner.read([balances], {}, async (_db, at) => at.token)).toBe(token);
  });
});

describe('a read of several projections', () => {
  test('joins their tables, and waits for all of them', async ({ database, app }) => {
    guarantee('one-snapshot');
    await app.execute(account.command.open('joined', { owner: 'Ada' }));
    const { token: atLeast } = await app.execute(deposit('joined', 5));
    const waiting = app.read([balances, movements], { atLeast, ...patient }, async (db, { token }) => {
      const rows = await db
        .selectFrom('balances')
        .innerJoin('movements', 'movements.account_id', 'balances.account_id')
        .innerJoin('owners as owner', 'owner.account_id', 'balances.account_id')
        .where('balances.account_id', '=', 'account-joined')
        .select(['owner.owner', 'balances.cents as balance', 'movements.cents as moved'])
        .execute();
      return { rows, token };
    });
    await using _runner = await startBank(database.connectionString);
    const { rows, token } = await waiting;
    expect(rows).toEqual([{ owner: 'Ada', balance: 5, moved: 5 }]);
    expect(latestToken([token, atLeast])).toBe(token);
  });

  test('reads one snapshot by all of its queries', async ({ database, app }) => {
    guarantee('one-snapshot');
    await using runner = await startBank(database.connectionString);
    const { token: first } = await app.execute(deposit('moment', 1));
    await app.read([balances, movements], { atLeast: first, ...patient }, async (db) => {
      const balance = () =>
        db.selectFrom('balances').select('cents').where('account_id', '=', 'account-moment').execute();
      expect(await balance()).toEqual([{ cents: 1 }]);
      const { token } = await app.execute(deposit('moment', 1));
      await runner.projections.waitFor(balances, token);
      await runner.projections.waitFor(movements, token);
      const moved = db.selectFrom('movements').selectAll().where('account_id', '=', 'account-moment');
      const streamed = [];
      for await (const row of moved.stream(1)) streamed.push(row);
      const [again, movedRows] = await Promise.all([balance(), moved.execute()]);
      expect(again).toEqual([{ cents: 1 }]);
      expect(movedRows).toHaveLength(1);
      expect(streamed).toHaveLength(1);
    });
  });

  test('runs again when a schema was renamed meanwhile', async ({ ownDatabase: { connectionString } }) => {
    await using app = await startBank(connectionString);
    const { token: atLeast } = await app.execute(deposit('renamed', 3));
    let runs = 0;
    const rows = await app.read([balances], { atLeast, ...patient }, async (db) => {
      runs += 1;
      if (runs === 1) {
        await using switching = await beginTransaction(connectionString);
        const live = 'leftfold__balances_v1';
        await switching.client.query(
          `alter schema ${live} rename to former; create schema ${live};
           create table ${live}.balances (like former.balances including all);
           insert into ${live}.balances select account_id, 'new', cents, events from former.balances`,
        );
        await switching.client.query('commit');
      }
      return db.selectFrom('balances').select(['owner', 'cents']).execute();
    });
    expect(runs).toBe(2);
    expect(rows).toEqual([{ owner: 'new', cents: 3 }]);
  });

  test('fails until all have caught up, or waits', async ({ ownDatabase: { connectionString } }) => {
    await using app = await startBank(connectionString, idle);
    await app.execute(deposit('new', 1));
    await app.projections.reset(movements);
    const read = (options: object) =>
      app.read([balances, movements], options, async (db) =>
        db.selectFrom('movements').selectAll().execute(),
      );
    const code = 'SUBSCRIPTION_NOT_CAUGHT_UP';
    expect(await failureOf(read({ ifNotCaughtUp: 'fail' }))).toMatchObject({ code });
    expect(await failureOf(read({ timeoutMs: 50 }))).toMatchObject({ code });
    const waiting = read(patient);
    await using _runner = await startBank(connectionString);
    expect(await waiting).toHaveLength(1);
  });

  test('sends JSON to the columns of each', async ({ ownDatabase: { connectionString: url } }) => {
    const tagged = defineProjection({
      name: 'tagged',
      events: [accountEvents],
      tables: {
        tags: { columns: { account_id: 'text', value: 'jsonb' }, primaryKey: ['account_id'] },
      },
      on: {
        'account.opened': (tx, { streamId, data }) =>
          tx.insertInto('tags').values({ account_id: streamId, value: [data.owner] }),
      },
    });
    const texts = defineTableProjection({
      name: 'texts',
      events: [accountEvents],
      columns: { account_id: 'text', value: 'text' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { value: '' },
      evolve: { 'account.opened': (row, { data }) => ({ ...row, value: data.owner }) },
    });
    await using app = await createApp({
      aggregates: [account],
      projections: [tagged, texts],
      database: { url },
    });
    const { token: atLeast } = await app.execute(account.command.open('json', { owner: 'Ada' }));
    const found = await app.read([tagged, texts], { atLeast, ...patient }, async (db) =>
      db
        .selectFrom('tags')
        .innerJoin('texts', 'texts.account_id', 'tags.account_id')
        .where('tags.value', '=', ['Ada'])
        .where('texts.value', '=', 'Ada')
        .select(['tags.value as list', 'texts.value as text'])
        .execute(),
    );
    expect(found).toEqual([{ list: ['Ada'], text: 'Ada' }]);
  });

  test('refuses two tables of one name, and what does not only select', async ({ app }) => {
    const again = defineTableProjection({
      name: 'owners',
      events: [accountEvents],
      columns: { account_id: 'text' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: {},
      evolve: { 'account.opened': (row) => row },
    });
    const nothing = async () => {};
    const refused = { code: 'INVALID_ARGUMENT' };
    for (const wrong of [
      app.read([movements, again] as never, {}, nothing),
      app.read([] as never, {}, nothing),
      app.read([balances], { atleast: 1 } as never, nothing),
      app.read([balances], {}, undefined as never),
    ])
      expect(await failureOf(wrong)).toMatchObject(refused);
    const unknown = app.read([balances], {}, async (db) => db.selectFrom('owners' as 'balances').execute());
    expect(await failureOf(unknown)).toMatchObject({ ...refused, argument: 'table' });
    const attempts = [
      (db: Kysely<object>) => sql`commit`.execute(db),
      (db: Kysely<object>) => db.deleteFrom('balances' as never).execute(),
      (db: Kysely<object>) => db.transaction().execute(nothing),
      (db: Kysely<object>) =>
        db
          .selectFrom('balances' as never)
          .select(sql`leftfold.append('audit', '[{"type": "audit.forged"}]')`.as('x'))
          .execute(),
      (db: Kysely<object>) =>
        db
          .with('gone', (qb) => qb.deleteFrom('balances' as never).returningAll() as never)
          .selectFrom('gone' as never)
          .selectAll()
          .execute(),
    ];
    for (const attempt of attempts) {
      const failure = await failureOf(
        app.read([balances], {}, (db) => attempt(db as unknown as Kysely<object>) as Promise<unknown>),
      );
      expect(String(failure)).toMatch(
        /must be a select query|only reads a projection|read-only transaction|repeatable read/,
      );
    }
    let kept: Kysely<object> | undefined;
    await app.read([balances], {}, async (db) => {
      kept = db as unknown as Kysely<object>;
    });
    expect(await failureOf(sql`select 1`.execute(kept!))).toMatchObject({
      ...refused,
      message: expect.stringContaining('after app.read had ended'),
    });
    for await (const event of app.store.readStream('audit')) expect.unreachable(event.type);
  });
});

describe('another query in app.read', () => {
  test('is refused at once, since as many as there are connections would wait for each other', async ({
    app,
  }) => {
    const inner: readonly (() => Promise<unknown>)[] = [
      () => app.read([movements], {}, async () => {}),
      () => app.read([movements], { consistency: 'strong' }, async () => {}),
      () => app.query(balances).execute(),
      () => app.query(balances, { consistency: 'strong' }).execute(),
    ];
    const nested = inner.flatMap((query) =>
      Array.from({ length: 8 }, () => failureOf(app.read([balances], {}, query))),
    );
    for (const failure of await Promise.all(nested))
      expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'work' });
  });

  test('is made when the read has ended', async ({ app }) => {
    const ended = new Gate();
    let later: Promise<unknown> | undefined;
    await app.read([balances], {}, async () => {
      later = ended.pass().then(() => app.query(balances).limit(1).execute());
    });
    ended.open();
    expect(await later).toBeDefined();
  });
});

describe('a query that waits', () => {
  test('takes no connection, however many there are', async ({ ownDatabase: { connectionString } }) => {
    guarantee('bounded-queries');
    await using app = await startBank(connectionString, { ...idle, database: { maxConnections: 3 } });
    const { token: atLeast } = await app.execute(deposit('many'));
    const lent = countQueries(app.store);
    const queries = Array.from({ length: 300 }, () =>
      app.query(balances, { atLeast, timeoutMs: 60_000 }).execute(),
    );
    // A pool serves its callers in their order: the second one would come after all of them.
    for (let round = 0; round < 2; round += 1) expect(await app.query(balances).execute()).toEqual([]);
    expect(lent()).toBeLessThan(50);
    await using _runner = await startBank(connectionString);
    for (const rows of await Promise.all(queries)) expect(rows).toHaveLength(1);
  });

  test('obeys its timeout and its signal while the tables are locked', async ({ ownDatabase }) => {
    guarantee('bounded-queries');
    const { connectionString } = ownDatabase;
    await using app = await startBank(connectionString);
    const { token: atLeast } = await app.execute(deposit('locked'));
    await app.projections.waitFor(balances, atLeast);
    await using holder = await beginTransaction(connectionString);
    await holder.client.query('lock table leftfold__balances_v1.balances in access exclusive mode');
    const ending = new AbortController();
    const query = (options: object) => failureOf(app.query(balances, { atLeast, ...options }).execute());
    const both = Promise.all([
      query({ timeoutMs: 4_000 }),
      query({ timeoutMs: 6_000, signal: ending.signal }),
      failureOf(app.read([balances, movements], { atLeast, timeoutMs: 4_000 }, async () => {})),
    ]);
    await untilBlocked(connectionString, { count: 3 });
    const reason = new Error('the user has gone');
    ending.abort(reason);
    const [late, aborted, lateRead] = await both;
    expect(aborted).toBe(reason);
    for (const failure of [late, lateRead])
      expect(failure).toMatchObject({
        code: 'SUBSCRIPTION_TIMEOUT',
        message: expect.stringMatching(/after 4000 ms: another transaction holds a lock on its tables/),
      });
    // The server ends the waits, so that the connections go back while the lock is still held.
    const { pool } = app.store;
    await until(() => pool.idleCount === pool.totalCount, { message: 'all connections to go back' });
  });

  test('obeys both while the pool has no connection', async ({ ownDatabase: { connectionString } }) => {
    guarantee('bounded-queries');
    await using app = await startBank(connectionString, { ...idle, database: { maxConnections: 1 } });
    const { token: atLeast } = await app.execute(deposit('busy'));
    const held = await app.store.pool.connect();
    const ending = new AbortController();
    const query = (options: object) => failureOf(app.query(balances, { atLeast, ...options }).execute());
    const reason = new Error('the user has gone');
    const aborted = query({ signal: ending.signal });
    const strong = query({ timeoutMs: 50, consistency: 'strong' });
    const late = query({ timeoutMs: 50 });
    ending.abort(reason);
    expect(await aborted).toBe(reason);
    for (const failure of [await late, await strong])
      expect(failure).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT', reached: undefined });
    held.release();
    await using _runner = await startBank(connectionString);
    expect(await app.query(balances, { atLeast, ...patient }).execute()).toHaveLength(1);
  });

  test('obeys both in the process that leads', async ({ ownDatabase: { connectionString } }) => {
    guarantee('bounded-queries');
    await using app = await startBank(connectionString, { database: { maxConnections: 2 } });
    const { token: atLeast } = await app.execute(deposit('busy'));
    await app.projections.waitFor(balances, atLeast, patient);
    const held = [await app.store.pool.connect(), await app.store.pool.connect()];
    const ending = new AbortController();
    const query = (options: object) => failureOf(app.query(balances, { atLeast, ...options }).execute());
    const reason = new Error('the user has gone');
    const aborted = query({ signal: ending.signal });
    const late = query({ timeoutMs: 50 });
    ending.abort(reason);
    expect(await aborted).toBe(reason);
    expect(await late).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      message: expect.stringContaining('after 50 ms: the pool gave no connection'),
    });
    for (const connection of held) connection.release();
    expect(await app.query(balances, { atLeast, ...patient }).execute()).toHaveLength(1);
  });

  test('says what it waits for when the position is reached', async ({
    ownDatabase: { connectionString: url },
  }) => {
    const gate = new Gate();
    const failing = defineProjection({
      name: 'failing',
      events: [accountEvents],
      tables: { seen: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
      onFailure: 'park',
      on: {
        'account.deposited': async (tx, { position }) => {
          if (position === 1) throw new Error('not now');
          await tx.insertInto('seen').values({ position }).execute();
        },
      },
    });
    await using app = await createApp({
      aggregates: [account],
      projections: [failing],
      database: { url },
      subscriptions: { retry: { attempts: 1 }, onIncident: () => gate.open() },
    });
    const { token } = await app.execute(deposit('aside'));
    await gate.pass();
    const parked = await failureOf(
      app
        .query(failing, { atLeast: token, ...patient })
        .selectFrom('seen')
        .selectAll()
        .execute(),
    );
    expect(parked).toMatchObject({ code: 'EVENT_PARKED' });
    // Set aside for a while: due, and nobody takes it, since the leader is gone.
    await app.store.run({
      name: undefined,
      text: `update leftfold.parked_keys set resume_at = 'infinity'`,
      values: [],
    });
    const late = await failureOf(
      app.query(failing, { atLeast: token, timeoutMs: 50 }).selectFrom('seen').selectAll().execute(),
    );
    expect(late).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      reached: 1,
      message: expect.stringMatching(/is at position 1, but does not have what is waited for at 1/),
    });
  });
});
