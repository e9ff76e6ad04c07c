import { account, accountEvents, balances } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { createApp, defineTableProjection, rightsScript } from '../src/index.ts';

const inlineBalances = defineTableProjection({
  name: 'inline_balances',
  mode: 'inline',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});
const projections = [balances, inlineBalances] as const;
const kinds = ['owner', 'app', 'projector', 'reader', 'operator', 'guest'] as const;
type Kind = (typeof kinds)[number];

/** Tests with a database in which every role has a login, and the owner has migrated. */
const test = databaseTest()
  .extend('urlOf', { scope: 'file' }, async ({ database, pool }, { onCleanup }) => {
    const prefix = `rights_${process.pid}_${Date.now() % 100_000}`;
    const named = (kind: Kind) => `${prefix}_${kind}`;
    const [owner, app, projector, reader, operator] = kinds.map(named) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const roles = { owner, app, projector, reader, operator };
    const script = rightsScript({ projections, roles });
    await pool.query(script);
    const urlOf = (kind: Kind, alsoAs?: Kind) => {
      const url = new URL(database.connectionString);
      url.username = `${named(kind)}_login`;
      url.password = 'secret';
      if (alsoAs !== undefined) url.searchParams.set('options', `-c role=${named(alsoAs)}`);
      return url.href;
    };
    for (const kind of kinds) {
      await pool.query(`create role ${named(kind)}_login login password 'secret'`);
      if (kind !== 'guest') await pool.query(`grant ${named(kind)} to ${named(kind)}_login`);
    }
    onCleanup(async () => {
      for (const kind of kinds) {
        for (const name of kind === 'guest'
          ? [`${named(kind)}_login`]
          : [`${named(kind)}_login`, named(kind)])
          await pool.query(`drop owned by ${name} cascade; drop role ${name}`);
      }
    });
    const migrating = { aggregates: [account], projections, database: { url: urlOf('owner', 'owner') } };
    const done = await createApp(migrating);
    await done.projections.whenCaughtUp(inlineBalances);
    await done.close();
    await pool.query(script);
    return urlOf;
  })
  .extend('as', { scope: 'file' }, ({ urlOf }) => async (kind: Kind, statement: string) => {
    const { client } = await beginTransaction(urlOf(kind));
    try {
      const { rows } = await client.query<Record<string, unknown>>(statement);
      await client.query('commit');
      return rows;
    } finally {
      await client.end();
    }
  })
  .extend('app', { scope: 'file' }, async ({ urlOf }, fixture) =>
    disposeAfter(
      fixture,
      await createApp({
        aggregates: [account],
        projections,
        database: { url: urlOf('app') },
        subscriptions: { run: false },
      }),
    ),
  )
  .extend('projector', { scope: 'file' }, async ({ urlOf }, fixture) =>
    disposeAfter(
      fixture,
      await createApp({ aggregates: [account], projections, database: { url: urlOf('projector') } }),
    ),
  );

describe('with the rights of the script', () => {
  test('an app appends and queries, and a projector runs and resets', async ({ app, projector, urlOf }) => {
    await app.execute(account.command.open('1', { owner: 'Ada' }));
    const { token } = (await app.execute(account.command.deposit('1', { cents: 7 }))) as { token: number };
    const inline = await app.query(inlineBalances).execute();
    expect(inline).toMatchObject([{ account_id: 'account-1', cents: 7 }]);
    expect(await app.query(balances, { atLeast: token }).execute()).toHaveLength(1);
    await projector.projections.reset(balances);
    await projector.projections.whenCaughtUp(balances);
    await using reader = await createApp({
      aggregates: [account],
      projections,
      database: { url: urlOf('reader') },
      subscriptions: { run: false },
    });
    expect(await reader.query(balances).execute()).toHaveLength(1);
    expect(await reader.load(account, '1')).toMatchObject({ streamVersion: 2 });
    expect(await failureOf(reader.execute(account.command.deposit('1', { cents: 1 })))).toMatchObject({
      code: 'MISSING_RIGHTS',
    });
  });

  test('an operator sees and resumes projections, and reads no event', async ({ as }) => {
    expect(await as('operator', `select name from leftfold.subscriptions order by 1`)).toHaveLength(2);
    await as('operator', `select leftfold.high_water_mark()`);
    await as('operator', `select leftfold._resume_subscription('balances', 1, 0)`);
    expect(await failureOf(as('operator', 'select from leftfold.events'))).toMatchObject({ code: '42501' });
  });

  const insert = `insert into leftfold.events (position, stream_version, recorded_at, schema_version, stream_id, event_id, type, data, metadata, tags)
    values (1, 9007199254740991, now(), 1, 'account-1', 'forged', 'account.deposited', '{}', '{}', '{}')`;
  const writes = [
    insert,
    `update leftfold.events set data = '{}'`,
    'delete from leftfold.events',
    'truncate leftfold.events',
    `select nextval('leftfold.event_position')`,
    `select setval('leftfold.event_position', 1)`,
    `insert into leftfold.snapshots values ('account-1', 'k', 1, 1, '{}')`,
    `update leftfold.snapshots set state = '{}'`,
    'delete from leftfold.snapshots',
    'update leftfold.subscriptions set position = 0',
    'delete from leftfold.subscriptions',
    `insert into leftfold.subscriptions (name, version) values ('forged', 1)`,
    'delete from leftfold.migrations',
    'alter table leftfold.events disable trigger all',
    'set session_replication_role = replica',
    'create table leftfold.kid () inherits (leftfold.events)',
    'lock table leftfold.events in access exclusive mode',
    'create function leftfold.mine() returns void language sql as $$$$',
    'drop schema leftfold cascade',
    `select leftfold._lock_tags('{a}', '{b}')`,
    `select leftfold._reject_mutation()`,
  ];
  for (const kind of ['app', 'projector', 'reader', 'operator', 'guest'] as const) {
    test(`nothing is written past the functions by role ${kind}`, async ({ as }) => {
      for (const statement of writes)
        expect(await failureOf(as(kind, statement)), statement).toMatchObject({
          code: expect.stringMatching(/^(42501|42P01|3F000|0LP01)$/),
        });
    });
  }

  test.for([
    ['reader', `select leftfold.append('account-1', '[]')`],
    ['projector', `select leftfold.append('account-1', '[]')`],
    ['operator', `select leftfold.read_stream('account-1')`],
    ['app', `select leftfold._rewind_checkpoint('balances', 1, 0, 1, '{}', '')`],
    ['app', `select leftfold._resume_subscription('balances', 1, 0)`],
    ['app', 'delete from leftfold__balances_v1.balances'],
    ['app', 'truncate leftfold__inline_balances_v1.inline_balances'],
    ['reader', 'delete from leftfold__balances_v1.balances'],
    ['reader', `select leftfold._save_snapshot('account-1', 'k', 1, 1, '{}')`],
    ['guest', 'select leftfold.high_water_mark()'],
    ['guest', 'select from leftfold.subscriptions'],
  ] as const)('role %s may not: %s', async ([kind, statement], { as }) => {
    expect(await failureOf(as(kind, statement))).toMatchObject({ code: '42501' });
  });

  test('a snapshot that names no event of the log is not kept', async ({ as }) => {
    await as('app', `select leftfold._save_snapshot('account-1', 'forged', 9, 9, '{"cents": 1000000}')`);
    await as('app', `select leftfold._save_snapshot('account-1', 'forged', 1, 9000, '{"cents": 1000000}')`);
    expect(await as('app', `select from leftfold.snapshots where key = 'forged'`)).toEqual([]);
  });

  test('a checkpoint does not move without its lease', async ({ as }) => {
    const moved = await as(
      'projector',
      `select leftfold._advance_checkpoint('balances', 1, 0, 999, 0, 5, 1000) as position`,
    );
    expect(moved).toEqual([{ position: null }]);
  });
});

describe('a schema that a guest has made first', () => {
  const squatted = async (pool: pg.Pool, target: string) => {
    const guest = `${target}_guest`;
    const maker = `${target}_maker`;
    await pool.query(`create role ${guest}; create role ${maker} login password 'secret';
      do $$ begin execute format('grant create on database %I to ${maker}', current_database()); end $$;
      create schema ${target} authorization ${guest};
      grant all on schema ${target} to ${maker}`);
    const drop = () =>
      pool.query(`drop owned by ${guest}, ${maker} cascade; drop role ${guest}; drop role ${maker}`);
    return { guest, maker, drop };
  };

  test.for(['maker', 'superuser'] as const)('holds no log of a %s', async (who, { database, pool }) => {
    const schema = `squat_${who}_${process.pid}`.slice(0, 25);
    const { guest, maker, drop } = await squatted(pool, schema);
    const url = new URL(database.connectionString);
    if (who === 'maker') Object.assign(url, { username: maker, password: 'secret' });
    const failure = await failureOf(
      createApp({ aggregates: [account], database: { url: url.href }, schema }),
    );
    expect(failure).toMatchObject({ code: 'FOREIGN_SCHEMA', schema, owner: guest });
    await drop();
  });

  test('holds no read model', async ({ database, pool }) => {
    const schema = `squat_model_${process.pid}`.slice(0, 25);
    const target = `${schema}__balances_v1`;
    const { guest, maker, drop } = await squatted(pool, target);
    const url = Object.assign(new URL(database.connectionString), { username: maker, password: 'secret' });
    const failure = await failureOf(
      createApp({ aggregates: [account], projections: [balances], database: { url: url.href }, schema }),
    );
    expect(failure).toMatchObject({ code: 'FOREIGN_SCHEMA', schema: target, owner: guest });
    await drop();
  });
});

describe('advisory locks that the script has taken from PUBLIC', () => {
  test('are held by no guest, and appends go on', async ({ as, app, pool, urlOf }) => {
    const owner = new URL(urlOf('owner')).username.replace('_login', '');
    const named = (kind: Kind) => owner.replace(/owner$/, kind);
    const roles = {
      owner,
      app: named('app'),
      projector: named('projector'),
      reader: named('reader'),
      operator: named('operator'),
    };
    await as('guest', 'select pg_advisory_lock_shared(1, 1)');
    await pool.query(rightsScript({ roles, projections, revokeAdvisoryLocks: true }));
    for (const call of [
      'pg_advisory_lock_shared(1, 1)',
      'pg_advisory_xact_lock(1)',
      'pg_try_advisory_lock(1)',
    ])
      expect(await failureOf(as('guest', `select ${call}`)), call).toMatchObject({ code: '42501' });
    await app.execute(account.command.open('locked', { owner: 'Bob' }));
    await app.store.append('audit', [], { expectedVersion: 'no-stream' });
  });
});
