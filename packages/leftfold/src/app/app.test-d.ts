import type { EmbeddedPostgresError, EmbeddedPostgresErrorCode } from '@leftfold/embedded';
import type { AnyRelay, ConsumerDefinition, ParkedMessages } from '@leftfold/messaging';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  createApp,
  defineAggregate,
  defineDecision,
  defineEvents,
  defineProjection,
  defineTableProjection,
  type App,
  type AppHealth,
  type CommandMiddleware,
  type ErrorCode,
  type EventMetadata,
  LeftfoldError,
  type PostgresEventStore,
  type RebuildDifference,
  type RecordedEventOf,
  reject,
  type LogToken,
  type ResultOf,
  parseLogToken,
  tokenOf,
} from '../index.ts';

const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  deposited: z.object({ cents: z.int() }),
});
const cartEvents = defineEvents('cart', { emptied: z.object({}) });

const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false },
  evolve: { opened: () => ({ open: true }), deposited: (state) => state },
  commands: {
    open: {
      input: z.object({ owner: z.string() }),
      decide: (state, { owner }, emit) => (state.open ? reject('already-open') : emit.opened({ owner })),
    },
  },
});
const cart = defineAggregate({
  events: cartEvents,
  initialState: 0,
  evolve: { emptied: () => 0 },
  commands: { empty: { input: z.object({}), decide: (_state, _input, emit) => emit.emptied({}) } },
});

const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint', closed_at: 'timestamptz null' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0, closed_at: null },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});
const carts = defineTableProjection({
  name: 'carts',
  events: [cartEvents],
  columns: { cart_id: 'text', count: 'integer' },
  key: ({ streamId }) => ({ cart_id: streamId }),
  initialRow: { count: 0 },
  evolve: { 'cart.emptied': (row) => row },
});
const movements = defineProjection({
  name: 'movements',
  events: [accountEvents],
  tables: {
    lines: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] },
    owners: { columns: { account_id: 'text', owner: 'text' }, primaryKey: ['account_id'] },
  },
  on: {
    'account.opened': (tx, { streamId, data }) =>
      tx.insertInto('owners').values({ account_id: streamId, owner: data.owner }).execute(),
  },
});

type AccountEvent = RecordedEventOf<typeof accountEvents>;

const app = await createApp({ aggregates: [account], projections: [balances, movements] });
const loadAccount = () => app.load(account, 'a');

describe('a query of a table projection', () => {
  test('has the rows of its columns', async () => {
    const rows = await app.query(balances).where('cents', '>', 0).orderBy('account_id').execute();
    expectTypeOf(rows).toEqualTypeOf<
      { readonly account_id: string; readonly cents: number; readonly closed_at: Date | null }[]
    >();
    const row = await app.query(balances, { atLeast: tokenOf(undefined) }).executeTakeFirst();
    expectTypeOf(row?.cents).toEqualTypeOf<number | undefined>();
    for await (const each of app.query(balances).stream())
      expectTypeOf(each.account_id).toEqualTypeOf<string>();
  });

  test('has the rows of the columns that were chosen instead', async () => {
    const [total] = await app
      .query(balances)
      .clearSelect()
      .select(({ fn }) => fn.countAll<number>().as('accounts'))
      .execute();
    expectTypeOf(total).toEqualTypeOf<{ accounts: number } | undefined>();
  });

  test('does not compile with a column that does not exist, or a value of another type', () => {
    // @ts-expect-error there is no column "amount"
    app.query(balances).where('amount', '>', 0);
    // @ts-expect-error cents are a number
    app.query(balances).where('cents', '=', 'many');
    // @ts-expect-error there is no column "name" to order by
    app.query(balances).orderBy('name');
    // @ts-expect-error there is no column "owner" to choose
    app.query(balances).clearSelect().select('owner');
  });
});

describe('a question about the past', () => {
  test('of a row takes its key, and has its columns', async () => {
    const { row, changedBy, events } = await app.projections.explain(balances, { account_id: 'a' });
    expectTypeOf(row?.cents).toEqualTypeOf<number | undefined>();
    expectTypeOf(changedBy.cents?.before).toEqualTypeOf<number | undefined>();
    expectTypeOf(changedBy.closed_at?.event.position).toEqualTypeOf<number | undefined>();
    expectTypeOf(events[0]?.changes.account_id?.after).toEqualTypeOf<string | undefined>();
    // @ts-expect-error there is no column "amount"
    void events[0]?.changes.amount;
    // @ts-expect-error the key has no other column
    void app.projections.explain(balances, { account_id: 'a', cents: 1 });
    // @ts-expect-error the key is a text
    void app.projections.explain(balances, { account_id: 1 });
    // @ts-expect-error a column of the key is missing
    void app.projections.explain(balances, {});
    // @ts-expect-error rows that handlers write cannot be folded
    void app.projections.explain(movements, { position: 1 });
    // @ts-expect-error the app does not have this projection
    void app.projections.explain(carts, { cart_id: 'a' });
    // @ts-expect-error the key's column is no change of an event
    void changedBy.account_id;
  });

  test('of all rows takes a projection of the app, and is queried like it', async () => {
    const { keys, betweenReplays } = await app.projections.verify(balances, { replays: 2, limit: 10 });
    expectTypeOf(keys[0]?.kind).toEqualTypeOf<'missing' | 'extra' | 'different' | undefined>();
    expectTypeOf(betweenReplays?.equal).toEqualTypeOf<boolean | undefined>();
    await using past = await app.projections.asOf(balances, { time: new Date() });
    expectTypeOf((await past.query().execute())[0]?.cents).toEqualTypeOf<number | undefined>();
    await using lines = await app.projections.asOf(movements, { position: 1 });
    lines.query().selectFrom('lines');
    // @ts-expect-error there is no table "line"
    lines.query().selectFrom('line');
    // @ts-expect-error a position or a time
    void app.projections.asOf(balances, { position: 1, time: new Date() });
    // @ts-expect-error the app does not have this projection
    void app.projections.verify(carts);
    // @ts-expect-error the log is replayed once or twice
    void app.projections.repair(balances, { replays: 3 });
  });

  test('checks states, rows and folds of their types', async () => {
    const ofAggregate = await app.history.firstViolation({
      aggregate: account,
      id: 'a',
      check: (state) => state.open,
    });
    expectTypeOf(ofAggregate?.before).toEqualTypeOf<
      Awaited<ReturnType<typeof loadAccount>>['state'] | undefined
    >();
    const ofRow = await app.history.firstViolation({
      projection: balances,
      key: { account_id: 'a' },
      check: (row) => row === undefined || row.cents >= 0,
    });
    expectTypeOf(ofRow?.after?.closed_at).toEqualTypeOf<Date | null | undefined>();
    const ofLog = await app.history.firstViolation({
      filter: { types: ['account.deposited'], tags: ['a:1'] },
      initialState: 0,
      evolve: (sum, { data }) => sum + data.cents,
      check: (sum) => sum < 100,
    });
    expectTypeOf(ofLog?.after).toEqualTypeOf<number | undefined>();
    expectTypeOf(ofLog?.event.data).toEqualTypeOf<{ cents: number } | undefined>();
    void app.history.firstViolation({
      // @ts-expect-error there is no event of this type
      filter: { types: ['a'] },
      initialState: 0,
      evolve: () => 0,
      check: () => true,
    });
    // @ts-expect-error the app does not have this aggregate
    void app.history.firstViolation({ aggregate: cart, id: 'a', check: () => true });
    // @ts-expect-error the state has no cents
    void app.history.firstViolation({ aggregate: account, id: 'a', check: (state) => state.cents > 0 });
    // @ts-expect-error a promise would count as true
    void app.history.firstViolation({ aggregate: account, id: 'a', check: async () => true });
  });
});

describe('a query of a general projection', () => {
  test('has its tables', async () => {
    const rows = await app.query(movements).selectFrom('lines').select(['position', 'cents']).execute();
    expectTypeOf(rows).toEqualTypeOf<{ position: number; cents: number }[]>();
    const joined = await app
      .query(movements)
      .selectFrom('owners')
      .innerJoin('lines', 'lines.position', 'lines.position')
      .select(['owners.owner', 'lines.cents'])
      .execute();
    expectTypeOf(joined).toEqualTypeOf<{ owner: string; cents: number }[]>();
  });

  test('does not compile with a table or a column that does not exist, nor when it writes', () => {
    // @ts-expect-error there is no table "line"
    app.query(movements).selectFrom('line');
    // @ts-expect-error there is no column "owner" in lines
    app.query(movements).selectFrom('lines').select('owner');
    // @ts-expect-error a read model is written by its handlers only
    app.query(movements).deleteFrom('lines');
    // @ts-expect-error nor are there transactions
    app.query(movements).transaction();
  });
});

describe('a read of several projections', () => {
  test('has the tables of all of them, and gives what its callback returns', async () => {
    const found = await app.read([balances, movements], { consistency: 'strong' }, async (db, { token }) => {
      expectTypeOf(token).toEqualTypeOf<LogToken>();
      return db
        .selectFrom('balances')
        .innerJoin('lines', 'lines.cents', 'balances.cents')
        .select(['balances.account_id', 'lines.position'])
        .execute();
    });
    expectTypeOf(found).toEqualTypeOf<{ account_id: string; position: number }[]>();
    app.query(balances, { onToken: (token) => expectTypeOf(token).toEqualTypeOf<LogToken>() });
  });

  test('does not compile with another table or projection, when it writes, or with two tables of one name', () => {
    const nothing = async () => {};
    // @ts-expect-error there is no table "carts" in these projections
    app.read([balances, movements], {}, (db) => db.selectFrom('carts').selectAll().execute());
    // @ts-expect-error a read model is written by its handlers only
    app.read([balances], {}, (db) => db.deleteFrom('balances').execute());
    // @ts-expect-error the projection is unknown here
    app.read([balances, carts], {}, nothing);
    // @ts-expect-error nothing is read
    app.read([], {}, nothing);
    // @ts-expect-error both have the table "balances"
    app.read([balances, balances], {}, nothing);
    // @ts-expect-error the token is told by the callback
    app.read([balances], { onToken: () => {} }, nothing);
    // @ts-expect-error it is eventual or strong
    app.query(balances, { consistency: 'linearizable' });
    app.query(balances, { ifParked: 'fail' });
    // @ts-expect-error it is ignored, or the read fails
    app.query(balances, { ifParked: 'wait' });
  });
});

test('health and readiness', async () => {
  expectTypeOf(await app.health({ maxLagSeconds: 5 })).toEqualTypeOf<AppHealth>();
  expectTypeOf(await app.ready({ signal: AbortSignal.timeout(5) })).toEqualTypeOf<void>();
  // @ts-expect-error the option is maxLagSeconds
  app.health({ maxLagMs: 5 });
  // @ts-expect-error it waits for everything
  app.ready({ projections: [balances] });
  const error: unknown = undefined;
  if (LeftfoldError.is(error) && error.code === 'NOT_READY')
    expectTypeOf(error.missing).toEqualTypeOf<readonly string[]>();
});

describe('what was not given to the app', () => {
  test('cannot be executed, loaded, queried or waited for', () => {
    // @ts-expect-error the cart's commands are unknown here
    app.execute(cart.command.empty('c', {}));
    // @ts-expect-error the cart is unknown here
    app.load(cart, 'c');
    // @ts-expect-error the projection is unknown here
    app.query(carts);
    // @ts-expect-error the projection is unknown here
    app.projections.waitFor(carts, tokenOf(undefined));
    // @ts-expect-error the projection is unknown here
    app.projections.reset(carts);
  });
});

describe('what is misspelt', () => {
  test('a command, an input field, an id', () => {
    // @ts-expect-error there is no command "close"
    app.execute(account.command.close('a', {}));
    // @ts-expect-error the field is called owner
    app.execute(account.command.open('a', { name: 'Ada' }));
    // @ts-expect-error an id is a text
    app.execute(account.command.open(1, { owner: 'Ada' }));
  });

  test('an event of a projection', () => {
    defineProjection({
      name: 'misspelt',
      events: [accountEvents],
      tables: { owners: { columns: { account_id: 'text' }, primaryKey: ['account_id'] } },
      // @ts-expect-error the event is called account.opened
      on: { 'account.open': async () => {} },
    });
  });

  test('an option of the app', () => {
    // @ts-expect-error the option is `database: { url }`
    createApp({ aggregates: [account], databaseUrl: 'postgres://localhost' });
    // @ts-expect-error a position does not say which event it was
    app.query(balances, { atLeast: 7 });
    // @ts-expect-error a text is read by parseLogToken
    app.query(balances, { atLeast: 'v1.7.a' });
    // @ts-expect-error a position does not say which event it was
    app.projections.waitFor(balances, 7);
  });
});

test('metadata that the app requires must be given with every command', async () => {
  const tenants = await createApp({
    aggregates: [account],
    commands: { metadata: z.object({ tenant: z.string() }) },
  });
  tenants.execute(account.command.open('a', { owner: 'Ada' }), { metadata: { tenant: 'acme' } });
  // @ts-expect-error the tenant is missing
  tenants.execute(account.command.open('a', { owner: 'Ada' }));
});

test('a result has the events of its command, and its token is what a query takes', async () => {
  const result = await app.execute(account.command.open('a', { owner: 'Ada' }));
  if (result.outcome === 'accepted') {
    expectTypeOf(result.events[0]?.type).toEqualTypeOf<'account.opened' | undefined>();
  } else {
    expectTypeOf(result.reason).toEqualTypeOf<'already-open'>();
  }
  app.query(balances, { atLeast: result.token });
  app.projections.waitFor(balances, result.token);
  app.store.readAll({ after: result.token });
  app.store.subscribe({ after: result.token });
  app.query(balances, { atLeast: parseLogToken('v1.7.a') });
  app.query(balances, { atLeast: tokenOf((await app.store.append('a-1', [])).events.at(-1)) });
  expectTypeOf((await app.load(account, 'a')).token).toEqualTypeOf<LogToken>();
  // @ts-expect-error a condition counts from a position
  app.store.append('a-1', [], { condition: { failIfMatch: { tags: ['a:1'] }, after: result.token } });
  expectTypeOf(app.store).toEqualTypeOf<PostgresEventStore<AccountEvent>>();
});

describe('the type of a result', () => {
  type Open = ReturnType<typeof account.command.open>;
  const open = account.command.open('a', { owner: 'Ada' });

  test('is named for one command, and for any command of the app', async () => {
    const result = await app.execute(open);
    expectTypeOf<ResultOf<typeof app, Open>>().toEqualTypeOf<typeof result>();
    expectTypeOf<ResultOf<typeof app>>().toEqualTypeOf<typeof result>();
    expectTypeOf(app.execute(app.parseCommand({}))).resolves.toEqualTypeOf<ResultOf<typeof app>>();
  });

  test('has no reasons of an aggregate without commands', async () => {
    const silent = defineAggregate({
      events: cartEvents,
      initialState: 0,
      evolve: { emptied: () => 0 },
      commands: {},
    });
    const both = await createApp({ aggregates: [silent, account] });
    expectTypeOf<Extract<ResultOf<typeof both>, { outcome: 'rejected' }>['reason']>().toEqualTypeOf<
      Extract<ResultOf<typeof app>, { outcome: 'rejected' }>['reason']
    >();
  });

  test('has the metadata of the app, and the reasons of its middleware', async () => {
    const unique: CommandMiddleware<'owner-taken'> = (execution, next) =>
      next({ ...execution, toRejection: () => reject('owner-taken') });
    const tenants = await createApp({
      aggregates: [account],
      commands: { metadata: z.object({ tenant: z.string() }), middleware: [unique] },
    });
    const result = await tenants.execute(open, { metadata: { tenant: 'acme' } });
    expectTypeOf<ResultOf<typeof tenants, Open>>().toEqualTypeOf<typeof result>();
    if (result.outcome === 'rejected')
      expectTypeOf(result.reason).toEqualTypeOf<'already-open' | 'owner-taken'>();
  });
});

describe('the events that an app reads', () => {
  test('are those of its definitions, narrowed by type', async () => {
    const both = await createApp({ aggregates: [account], projections: [carts] });
    for await (const event of both.store.readAll()) {
      expectTypeOf(event).toEqualTypeOf<RecordedEventOf<typeof accountEvents | typeof cartEvents>>();
      if (event.type === 'account.deposited') expectTypeOf(event.data).toEqualTypeOf<{ cents: number }>();
      // @ts-expect-error there is no such event
      if (event.type === 'account.closed') break;
    }
    const more = await createApp({ aggregates: [account], events: [cartEvents] });
    for await (const event of more.store.readStream('cart-1'))
      expectTypeOf(event.type).toEqualTypeOf<'account.opened' | 'account.deposited' | 'cart.emptied'>();
    for await (const event of more.store.subscribe())
      expectTypeOf(event.type).toEqualTypeOf<'account.opened' | 'account.deposited' | 'cart.emptied'>();
  });

  test('are narrowed by type in an app with decisions', async () => {
    const move = defineDecision({
      name: 'move',
      input: z.object({ from: z.string(), to: z.string(), cents: z.int() }),
      reads: ({ from, to }) => ({ from: account.at(from), to: account.at(to) }),
      decide: (_states, { cents }, emit) => emit.to.deposited({ cents }),
    });
    const deciding = await createApp({ aggregates: [account], decisions: [move] });
    const { events } = await deciding.store.readForDecision({ tags: ['owner:ada'] });
    for await (const event of events) {
      expectTypeOf(event).toEqualTypeOf<RecordedEventOf<typeof accountEvents>>();
    }
  });

  test('have the fields of the metadata schema', async () => {
    const tenants = await createApp({
      aggregates: [account],
      commands: { metadata: z.object({ tenant: z.string() }) },
    });
    const open = account.command.open('a', { owner: 'Ada' });
    const result = await tenants.execute(open, { metadata: { tenant: 'acme' } });
    if (result.outcome === 'accepted') {
      expectTypeOf(result.events[0]!.metadata.tenant).toEqualTypeOf<string>();
      expectTypeOf(result.events[0]!.metadata).toExtend<EventMetadata>();
    }
    for await (const { metadata } of tenants.store.readAll())
      expectTypeOf(metadata.tenant).toEqualTypeOf<string | undefined>();
  });
});

test('the errors of the embedded server are among those of the framework', () => {
  expectTypeOf<EmbeddedPostgresErrorCode>().toEqualTypeOf<Extract<ErrorCode, `POSTGRES_${string}`>>();
  const error: unknown = undefined;
  if (LeftfoldError.is(error) && error.code === 'POSTGRES_DIRECTORY_LOCKED')
    expectTypeOf(error.pid).toEqualTypeOf<EmbeddedPostgresError['pid']>();
});

test('App without type arguments is any app, and executes any command', async () => {
  const some: App = app;
  const unique: CommandMiddleware<'owner-taken'> = (execution, next) => next(execution);
  const strict: App = await createApp({ aggregates: [account], commands: { middleware: [unique] } });
  expectTypeOf(strict).toEqualTypeOf<typeof some>();
  const result = await some.execute(account.command.open('a', { owner: 'Ada' }));
  expectTypeOf(result.token).toEqualTypeOf<typeof result.token>();
  expectTypeOf(some.store).toEqualTypeOf<PostgresEventStore>();
  // @ts-expect-error no command
  some.execute({ name: 'open' });
});

test('a rebuild with a condition tells whether it was kept, and by what', async () => {
  const plain = await app.projections.rebuild(balances, { slices: 2 });
  expectTypeOf(plain.outcome).toEqualTypeOf<'switched'>();
  const gated = await app.projections.rebuild(balances, {
    switchIf: (difference) => {
      expectTypeOf(difference).toEqualTypeOf<RebuildDifference>();
      return difference.equal;
    },
  });
  expectTypeOf(gated.outcome).toEqualTypeOf<'switched' | 'kept'>();
  expectTypeOf(gated.difference).toEqualTypeOf<RebuildDifference>();
  if (gated.outcome === 'switched') expectTypeOf(gated.switchedAt).toEqualTypeOf<Date>();
  await app.projections.rebuild(balances, { switchIf: async ({ different }) => different === 0 });
  // @ts-expect-error a decision is true or false
  app.projections.rebuild(balances, { switchIf: ({ different }) => different });
  // @ts-expect-error only what is compared has rows to name
  app.projections.rebuild(balances, { limit: 5 });
});

test('an app takes relays and consumers, each in its place', async () => {
  const { relay, consumer } = {} as { relay: AnyRelay; consumer: ConsumerDefinition };
  const messaging = await createApp({ aggregates: [account], relays: [relay], consumers: [consumer] });
  await messaging.consumers.waitFor(consumer, { key: 'account-a', token: parseLogToken('v1.0') });
  expectTypeOf(messaging.consumers.parked(consumer)).toEqualTypeOf<ParkedMessages>();
  // @ts-expect-error a relay is no consumer
  createApp({ consumers: [relay] });
  // @ts-expect-error a consumer is no relay
  createApp({ relays: [consumer] });
});
