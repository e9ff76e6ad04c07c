import { deposited, opened } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

/**
 * A schema with a namesake of every function and operator of pg_catalog that plpgsql can stand in for, of the types that
 * the log's functions name, and of the overload that an untyped literal prefers. Each namesake raises an error.
 */
const hostileSchema = `
  create schema hostile;
  create function hostile.pg_sequence_last_value(text) returns bigint language plpgsql as
    $$ begin raise exception 'hijacked'; end $$;
  do $do$
  declare
    original record;
    place integer := 0;
  begin
    for original in
      select p.proname, pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
        from pg_proc as p
       where p.pronamespace = 'pg_catalog'::regnamespace
         and p.prokind = 'f'
         and exists (select from pg_proc as ours
                      where ours.pronamespace = 'leftfold'::regnamespace
                        and ours.prosrc ~ ('\\m' || p.proname || '\\M'))
    loop
      begin
        execute format('create function hostile.%I(%s) returns %s language plpgsql as $f$ begin raise exception ''hijacked''; end $f$',
                       original.proname, original.arguments, original.result);
      exception when others then null; -- pseudo-types, of which plpgsql has none
      end;
    end loop;
    for original in
      select o.oprname, o.oprleft::regtype as l, o.oprright::regtype as r, o.oprresult::regtype as result
        from pg_operator as o
       where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprkind = 'b'
    loop
      place := place + 1;
      begin
        execute format('create function hostile.op_%s(%s, %s) returns %s language plpgsql as $f$ begin raise exception ''hijacked''; end $f$',
                       place, original.l, original.r, original.result);
        execute format('create operator hostile.%s (leftarg = %s, rightarg = %s, function = hostile.op_%s)',
                       original.oprname, original.l, original.r, place);
      exception when others then null;
      end;
    end loop;
  end
  $do$;
  create domain hostile.text as pg_catalog.int4;
  create domain hostile.jsonb as pg_catalog.int4;
  create domain hostile.oid as pg_catalog.text;
  create domain hostile.regclass as pg_catalog.text;
  grant usage on schema hostile to public`;

const attack = 'hostile, pg_catalog';

/** Tests with a session that has the hostile schema in its search_path. */
const test = storeTest.extend('victim', { scope: 'file' }, async ({ database, pool }, { onCleanup }) => {
  await pool.query(hostileSchema);
  const victim = new pg.Client({ connectionString: database.connectionString });
  await victim.connect();
  await victim.query(`set search_path = ${attack}`);
  onCleanup(() => victim.end());
  return victim;
});

/** Tests with the names of those functions of the log that meet a condition. */
const functionsTest = storeTest.extend('functionsWhere', ({ pool }) => async (condition: string) => {
  const { rows } = await pool.query<{ name: string }>(
    `select proname as name from pg_proc where pronamespace = 'leftfold'::regnamespace and ${condition} order by 1`,
  );
  return rows.map(({ name }) => name);
});

describe('a search_path that begins with a hostile schema', () => {
  test.for([
    'select 1 = 2',
    'select 1 + 1',
    `select nextval('leftfold.event_position')`,
    `select pg_sequence_last_value('leftfold.event_position')`,
    `select '{}'::jsonb`,
    'select pg_advisory_xact_lock_shared(1, 1)',
  ])('is effective: %s goes wrong', async (statement, { victim }) => {
    await expect(victim.query(statement)).rejects.toThrow(/hijacked|invalid input syntax/);
  });

  test('changes nothing in what the functions of the log do', async ({ victim }) => {
    const events = `'[{"type": "t", "tags": ["a"]}, {"type": "t", "metadata": {"by": "me"}}]'`;
    for (const call of [
      `leftfold.append('account-sql', ${events}, 'no-stream', '{}', 'command-1')`,
      `leftfold.append('account-sql', ${events}, 'no-stream', '{}', 'command-1')`,
      `leftfold.append('account-sql', '[]', '2')`,
      `leftfold._high_water_mark()`,
      `leftfold.read_all(0, 10, '{t}', 'account', '{a}')`,
      `leftfold.read_stream('account-sql', 1, 10)`,
      `leftfold._find_latest_matches(1, '{1,1}', '{"{a}","{a}"}', '{"{t}",null}', '{account,null}', '{0,2}')`,
      `leftfold._lock_tags_and_types('{a}', '{t}', '{b}', '{u}')`,
      `leftfold._append_one('account-one', -1, 'one', 't', 1, '{}', '{}', '{a}')`,
    ]) {
      const { rowCount } = await victim.query(`select from ${call}`);
      expect(rowCount, call).toBe(
        call.includes("'[]'") ? 0 : call.includes('append(') || call.includes('read_stream') ? 2 : 1,
      );
    }
    const { rows } = await victim.query('select * from leftfold.high_water_mark()');
    expect(rows).toEqual([{ high_water_mark: '3' }]);
  });

  test.for([
    [`select from leftfold.append('account-x', '[]', '7')`, 'LF001'],
    [`select from leftfold.append('account-x', '[{"type": "t", "id": "command-1:1"}]')`, 'LF002'],
    [`select from leftfold.append('account-x', '{}')`, '22023'],
    [`update leftfold.events set type = 'x'`, 'LF003'],
  ] as const)('changes no error of theirs: %s', async ([statement, code], { victim }) => {
    expect(await failureOf(victim.query(statement))).toMatchObject({ code });
  });

  test('changes nothing in how a store appends and looks for the high-water mark', async ({ database }) => {
    const url = new URL(database.connectionString);
    url.searchParams.set('options', `-c search_path=${attack.replace(' ', '')}`);
    await using store: PostgresEventStore = openStore(url.href);
    const one = await store.append('account-store', [opened], { expectedVersion: 'no-stream' });
    await store.append('account-store', [opened, deposited(1)], { expectedVersion: 1 });
    const tagged = [{ ...opened, tags: ['b'] }];
    const condition = { failIfMatch: { tags: ['b'] as const }, after: one.position };
    await store.append('account-store', tagged, { condition });
    expect(await failureOf(store.append('account-store', tagged, { condition }))).toMatchObject({
      code: 'APPEND_CONDITION_FAILED',
    });
    await store.appendToStreams([
      { streamId: 'account-store', events: [], expectedVersion: 4 },
      { streamId: 'account-other', events: [opened] },
    ]);
    expect(await store.highWaterMark()).toBe(one.position + 4);
    expect(await failureOf(store.pool.query('select 1 + 1'))).toMatchObject({ message: 'hijacked' });
  });
});

describe('every function of the log', () => {
  const test = functionsTest;

  test('has a search_path of its own, but for the one that is quicker without', async ({
    functionsWhere,
  }) => {
    expect(await functionsWhere('true')).toContain('_append_batch');
    expect(
      await functionsWhere(`not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`),
    ).toEqual(['_append_one']);
  });

  test('may be executed by no role without a right to it', async ({ functionsWhere }) => {
    expect(
      await functionsWhere(
        `(proacl is null or exists (select from aclexplode(proacl) where grantee = 0 or grantee <> proowner))`,
      ),
    ).toEqual([]);
  });

  test('has a name of its own, with an underscore unless it is documented', async ({ functionsWhere }) => {
    expect(await functionsWhere(`proname not like '\\_%'`)).toEqual([
      'append',
      'high_water_mark',
      'mark_restored',
      'read_all',
      'read_stream',
    ]);
    const names = await functionsWhere('true');
    expect(new Set(names).size).toBe(names.length);
  });
});
