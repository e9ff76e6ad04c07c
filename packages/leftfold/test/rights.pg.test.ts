import { account, balances } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { createApp, rightsScript, tokenOf } from '../src/index.ts';
import { inlineBalances, projections, test } from './role-test.ts';

describe('with the rights of the script', () => {
  test('a process that may not run projections warns once, and says what to do', async ({ logins }) => {
    // Before another test starts a projector, which would hold the lease.
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => emitWarning.mockRestore());
    const told = () => emitWarning.mock.calls.map(([warning]) => warning);
    const refused = expect.objectContaining({
      code: 'MISSING_RIGHTS',
      message: expect.stringMatching(/rightsScript/),
    });
    await using _app = await createApp({
      aggregates: [account],
      projections: [balances],
      database: { url: logins.urlOf('app') },
      subscriptions: { leaseMs: 300 },
    });
    await until(() => Promise.resolve(told().length > 0), { message: 'the process warns' });
    await delay(1_000); // several attempts
    expect(told()).toEqual([refused]);
  });

  test('an app appends and queries, and a projector runs and resets', async ({ app, projector, logins }) => {
    await projector.projections.whenCaughtUp(inlineBalances);
    await app.execute(account.command.open('1', { owner: 'Ada' }));
    const { token } = await app.execute(account.command.deposit('1', { cents: 7 }));
    const inline = await app.query(inlineBalances).execute();
    expect(inline).toMatchObject([{ account_id: 'account-1', cents: 7 }]);
    expect(await app.query(balances, { atLeast: token }).execute()).toHaveLength(1);
    await projector.projections.reset(balances);
    await projector.projections.whenCaughtUp(balances);
    await using reader = await createApp({
      aggregates: [account],
      projections,
      database: { url: logins.urlOf('reader') },
      subscriptions: { run: false },
    });
    expect(await reader.query(balances).execute()).toHaveLength(1);
    expect(await reader.load(account, '1')).toMatchObject({ streamVersion: 2 });
    expect(await failureOf(reader.execute(account.command.deposit('1', { cents: 1 })))).toMatchObject({
      code: 'MISSING_RIGHTS',
      message: expect.stringMatching(
        /^permission denied for function _append_\w+; migrate as the owner, run/,
      ),
    });
  });

  test('an operator waits for a projection by a token', async ({ app, projector: _running, logins }) => {
    const { token } = await app.execute(account.command.open('seen', { owner: 'Ada' }));
    await using operator = await createApp({
      aggregates: [account],
      projections: [balances],
      database: { url: logins.urlOf('operator') },
      subscriptions: { run: false },
    });
    await operator.projections.waitFor(balances, token);
    await operator.projections.whenCaughtUp(balances);
    expect(await operator.projections.status()).toMatchObject([{ name: 'balances' }]);
    const lost = tokenOf({ position: 1, id: 'another' });
    expect(await failureOf(operator.projections.waitFor(balances, lost))).toMatchObject({
      code: 'LOG_REWOUND',
    });
  });

  test('an operator sees and resumes projections, and reads of events only ids and times', async ({ as }) => {
    expect(await as('operator', `select name from leftfold.subscriptions order by 1`)).toHaveLength(2);
    await as('operator', `select leftfold.high_water_mark()`);
    await as('operator', `select leftfold._resume_subscription('balances', 1)`, { keep: true });
    await as('operator', 'select position, event_id, recorded_at from leftfold.events');
    for (const column of ['data', 'metadata', 'type', 'stream_id', 'tags', '*'])
      expect(await failureOf(as('operator', `select ${column} from leftfold.events`)), column).toMatchObject({
        code: '42501',
      });
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
    `select leftfold._lock_tags_and_types('{a}', '{t}')`,
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
    ['app', `select leftfold._rewind_checkpoint('balances', 1, '{0}', '{1}', 'owner', '{}', '')`],
    ['app', `select leftfold._resume_subscription('balances', 1)`],
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
    await as('app', `select leftfold._save_snapshot('account-1', 'forged', 9, 9, '{"cents": 1000000}')`, {
      keep: true,
    });
    await as('app', `select leftfold._save_snapshot('account-1', 'forged', 1, 9000, '{"cents": 1000000}')`, {
      keep: true,
    });
    expect(await as('app', `select from leftfold.snapshots where key = 'forged'`)).toEqual([]);
  });

  test('a checkpoint does not move without its lease', async ({ as }) => {
    const moved = await as(
      'projector',
      `select leftfold._advance_checkpoint('balances', 1, 0, 999, 'someone', 0, 5, 1000) as position`,
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
  test('are held by no guest, and appends go on', async ({ as, app, logins }) => {
    await as('guest', 'select pg_advisory_lock_shared(1, 1)');
    await logins.grant({ projections, revokeAdvisoryLocks: true });
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

test('a script whose names are words of SQL creates the roles and the schema', async ({ as }) => {
  const roles = { owner: 'user', app: 'order', projector: 'table', reader: 'select', operator: 'all' };
  const script = rightsScript({ schema: 'grant', roles, projections, revokeAdvisoryLocks: true });
  // Without its own begin and commit: it is rolled back.
  await as('superuser', script.split('\n').slice(1, -2).join('\n'));
});

test.for(['pg_app', 'public', 'none'])('a role may not have the name %s', (name) => {
  expect(() => rightsScript({ roles: { app: name } })).toThrow(
    `role "${name}" is reserved for Postgres; give it another name`,
  );
});
