import { accepted } from '../src/index.ts';
import { account } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import type { RoleKind } from '@leftfold/testbed/roles';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { test } from './role-test.ts';

const unprivileged = ['app', 'projector', 'reader', 'operator', 'guest'] as const;
const reading = [
  '_check_lineage',
  '_find_events',
  '_high_water_mark',
  'high_water_mark',
  'read_all',
  'read_stream',
];

/** Written out, and not taken from the script: a function that is granted by mistake must not pass. */
const callable: Readonly<Record<(typeof unprivileged)[number], readonly string[]>> = {
  app: [
    ...reading,
    '_append_batch',
    '_append_batch_in_transaction',
    '_lock_append',
    '_append_one',
    '_demote_inline_projections',
    '_inline_projections',
    '_save_snapshot',
    'append',
  ],
  projector: [
    ...reading,
    '_advance_checkpoint',
    '_advance_checkpoints',
    '_begin_rebuild',
    '_begin_replay',
    '_check_leases',
    '_decide_copy',
    '_drop_abandoned_replays',
    '_drop_copy',
    '_drop_replay',
    '_drop_version',
    '_due_deadlines',
    '_give_up_parked',
    '_keep_replay',
    '_lead_copy',
    '_lead_replay',
    '_leave_runners',
    '_lock_appends',
    '_lock_inline_projections',
    '_lock_subscription',
    '_mark_caught_up',
    '_mark_inline',
    '_pause_subscription',
    '_projection_versions',
    '_record_attempt',
    '_record_refusal',
    '_register_subscriptions',
    '_release_leases',
    '_request_slices',
    '_resume_copy',
    '_resume_parked',
    '_record_processes',
    '_record_published',
    '_resume_subscription',
    '_rewind_checkpoint',
    '_rewind_published',
    '_seize_lease',
    '_settle_deadlines',
    '_stop_subscription',
    '_switch_copy',
  ],
  reader: reading,
  operator: [
    '_check_lineage',
    '_give_up_parked',
    '_high_water_mark',
    '_pause_subscription',
    '_resume_parked',
    '_resume_subscription',
    'high_water_mark',
  ],
  guest: [],
};

describe('what the catalogs say', () => {
  test.for(unprivileged)(
    'role %s may call its functions and no other one',
    async (kind, { pool, logins }) => {
      const { rows } = await pool.query<{ name: string }>(
        `select distinct proname as name from pg_proc
        where pronamespace = 'leftfold'::regnamespace and has_function_privilege($1, oid, 'execute')
        order by 1`,
        [new URL(logins.urlOf(kind)).username],
      );
      expect(rows.map(({ name }) => name)).toEqual([...callable[kind]].toSorted());
    },
  );

  test.for(unprivileged)(
    'role %s may write no table and no sequence of the log',
    async (kind, { pool, logins }) => {
      const login = new URL(logins.urlOf(kind)).username;
      const { rows } = await pool.query(
        `select relname, right_kind
         from pg_class
        cross join unnest('{insert,update,delete,truncate,references,trigger}'::text[]) as right_kind
        where relnamespace = 'leftfold'::regnamespace and relkind in ('r', 'v')
          and has_table_privilege($1, oid, right_kind)
       union all
       select relname, right_kind
         from pg_class
        cross join unnest('{usage,update}'::text[]) as right_kind
        where relnamespace = 'leftfold'::regnamespace and relkind = 'S' and has_sequence_privilege($1, oid, right_kind)
       union all
       select nspname, 'create' from pg_namespace
        where nspname like 'leftfold%' and has_schema_privilege($1, oid, 'create')
       union all
       select datname, 'create' from pg_database
        where datname = current_database() and has_database_privilege($1, oid, 'create')`,
        [login],
      );
      expect(rows).toEqual([]);
    },
  );

  test('functions with the rights of the owner set their search_path, or name every schema', async ({
    pool,
  }) => {
    const { rows } = await pool.query(
      `select proname as name from pg_proc
        where pronamespace = 'leftfold'::regnamespace and prosecdef
          and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`,
    );
    expect(rows).toEqual([{ name: '_append_one' }]);
  });
});

describe('a door that is closed to every role but the owner', () => {
  const doors = {
    'the role of the owner': (owner: string) => `set role ${owner}`,
    'triggers that replication leaves out': () => 'set session_replication_role = replica',
    'row security of the log': () => 'alter table leftfold.events enable row level security',
    'a rule that swallows inserts': () => 'create rule r as on insert to leftfold.events do instead nothing',
    'a trigger that rewrites events': () =>
      'create trigger t before insert on leftfold.events for each row execute function suppress_redundant_updates_trigger()',
    'a reference that blocks the log': () => 'create table public.t (p bigint references leftfold.events)',
    'a lock that stops appends': () => 'lock table leftfold.events in share mode',
    'row locks': () => 'select from leftfold.subscriptions for update',
    'a restore that did not happen': () => 'select leftfold.mark_restored()',
    'a cheaper plan for everybody': () => 'alter function leftfold.append reset all',
    'statistics of the planner': () => 'alter table leftfold.events alter stream_id set statistics 0',
    'files of the server': () => `copy (select 1) to program 'true'`,
    'statistics whose loss changes the lineage': () => `select pg_stat_reset_shared('bgwriter')`,
    'the sessions of a superuser': () =>
      `select pg_terminate_backend(activity.pid) from pg_stat_activity as activity
         join pg_roles as role on role.oid = activity.usesysid where role.rolsuper`,
  };
  for (const kind of unprivileged) {
    test.for(Object.entries(doors))(`${kind}: %s`, async ([, door], { as, logins, pool }) => {
      await pool.query('select'); // a session of a superuser is there to be ended
      expect(await failureOf(as(kind, door(logins.roles.owner)))).toMatchObject({
        code: expect.stringMatching(/^(42501|3F000|42P01)$/),
      });
    });
  }
});

describe('objects of a session with the names of what the log uses', () => {
  const events = `'[{"type": "account.deposited", "data": {"cents": 1}}]'`;
  const calls = {
    append: `leftfold.append('account-temp', ${events})`,
    _append_one: `leftfold._append_one('account-temp', -1, 'temp', 'account.deposited', 1, '{}', '{}')`,
  };
  test.for(Object.entries(calls))('divert nothing that %s does', async ([, call], { as, pool }) => {
    await as(
      'app',
      `create temp table events (like leftfold.events);
       create temp sequence event_position;
       create domain pg_temp.regclass as text;
       set local search_path = pg_temp, pg_catalog;
       select from ${call};
       do $$ begin
         if exists (select from pg_temp.events) then raise 'diverted'; end if;
       end $$`,
      { keep: true },
    );
    const { rows } = await pool.query('select stream_id from leftfold.events order by position desc limit 1');
    expect(rows).toEqual([{ stream_id: 'account-temp' }]);
  });
});

describe('what remains possible', () => {
  test('a guest delays readers by an advisory lock, and writers lose nothing', async ({
    app,
    logins,
    pool,
  }) => {
    const { rows } = await pool.query<{ oid: number }>(
      `select 'leftfold.events'::regclass::oid::integer as oid`,
    );
    const before = await app.store.highWaterMark();
    await using guest = await beginTransaction(logins.urlOf('guest'));
    await guest.client.query(`select pg_advisory_lock_shared(${rows[0]!.oid}, ${before})`);
    const { events } = accepted(await app.execute(account.command.open('delayed', { owner: 'Ada' })));
    expect(await app.store.highWaterMark()).toBe(before);
    await guest.client.query('select pg_advisory_unlock_all()');
    expect(await app.store.highWaterMark()).toBe(events[0]?.position);
  });

  test('a guest keeps such a lock by PREPARE TRANSACTION, and an administrator ends it', async ({
    app,
    logins,
    pool,
    skip,
  }) => {
    const { rows: settings } = await pool.query('show max_prepared_transactions');
    skip(settings[0]?.max_prepared_transactions === '0', 'the server has max_prepared_transactions = 0');
    const { rows } = await pool.query<{ oid: number }>(
      `select 'leftfold.events'::regclass::oid::integer as oid`,
    );
    const before = await app.store.highWaterMark();
    const guest = await beginTransaction(logins.urlOf('guest'));
    await guest.client.query(`select pg_advisory_xact_lock_shared(${rows[0]!.oid}, ${before})`);
    await guest.client.query(`prepare transaction 'attack'`);
    await guest.client.end();
    const { events } = accepted(await app.execute(account.command.open('prepared', { owner: 'Ada' })));
    expect(await app.store.highWaterMark()).toBe(before);
    const found = await pool.query(
      'select gid, owner from pg_prepared_xacts where database = current_database()',
    );
    expect(found.rows).toEqual([{ gid: 'attack', owner: new URL(logins.urlOf('guest')).username }]);
    await pool.query(`rollback prepared 'attack'`);
    expect(await app.store.highWaterMark()).toBe(events[0]?.position);
  });

  test('a guest holds a transaction open for long, and nothing of the log waits', async ({ app, logins }) => {
    await using guest = await beginTransaction(logins.urlOf('guest'), 'repeatable read');
    await guest.client.query('create temp table t (a integer); insert into t values (1)');
    const { events } = accepted(await app.execute(account.command.open('unrelated', { owner: 'Ada' })));
    expect(await app.store.highWaterMark()).toBe(events[0]?.position);
  });

  test('a guest that listens is told nothing of an event', async ({ app, logins }) => {
    await using guest = await beginTransaction(logins.urlOf('guest'));
    const heard: (string | undefined)[] = [];
    guest.client.on('notification', ({ payload }) => heard.push(payload));
    await guest.client.query('listen leftfold_leftfold; commit');
    await app.execute(account.command.open('overheard', { owner: 'Ada' }));
    await until(() => heard.length > 0, { message: 'a notification' });
    expect(new Set(heard)).toEqual(new Set(['']));
  });

  const byRole: readonly (readonly [RoleKind | 'superuser', string, string])[] = [
    [
      'app',
      'append what no command decides',
      `select leftfold.append('account-free', '[{"type": "account.deposited", "data": {"cents": 1}}]')`,
    ],
    ['app', 'write rows of inline projections', 'delete from leftfold__inline_balances_v1.inline_balances'],
    ['reader', 'read every event', 'select from leftfold.events'],
    ['projector', 'write read models', 'delete from leftfold__balances_v1.balances'],
    ['projector', 'take any lease', `select leftfold._seize_lease('balances', 1, 'me', 1000, false)`],
    ['operator', 'resume projections', `select leftfold._resume_subscription('balances', 1)`],
    [
      'owner',
      'delete events, without the trigger',
      'alter table leftfold.events disable trigger all; delete from leftfold.events',
    ],
    [
      'owner',
      'replace functions',
      'create or replace function leftfold.high_water_mark() returns bigint language sql as $$ select 0::bigint $$',
    ],
    [
      'superuser',
      'delete events, without the trigger',
      'alter table leftfold.events disable trigger all; delete from leftfold.events',
    ],
    ['guest', 'notify', `notify leftfold_leftfold`],
  ];
  test.for(byRole)('role %s may %s', async ([kind, , statement], { as }) => {
    await as(kind, statement);
  });

  const refused = [
    `update leftfold.events set data = '{}'`,
    'delete from leftfold.events',
    'truncate leftfold.events',
  ];
  test.for(['owner', 'superuser'] as const)(
    'the trigger refuses changes by the %s',
    async (kind, { as, app }) => {
      await app.execute(account.command.open(`kept-${kind}`, { owner: 'Ada' }));
      for (const statement of refused) {
        expect(await failureOf(as(kind, statement)), statement).toMatchObject({ code: 'LF003' });
        if (kind === 'superuser') {
          const replica = `set local session_replication_role = replica; ${statement}`;
          expect(await failureOf(as(kind, replica)), replica).toMatchObject({ code: 'LF003' });
        }
      }
    },
  );
});
