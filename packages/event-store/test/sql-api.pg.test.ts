import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { test as storeTest } from './store-test.ts';

/** As psql would: text in, text out, no parameters. */
const test = storeTest.extend('run', ({ pool }) => async (statement: string) => {
  const { rows } = await pool.query<Record<string, unknown>>(statement);
  return rows;
});

describe('the log by SQL alone', () => {
  test('is appended to and read by one function each, and the store reads the same', async ({
    store,
    run,
  }) => {
    const appended = await run(`
      select * from leftfold.append(
        'account-sql',
        '[{"type": "account.opened", "data": {"owner": "Ada"}, "tags": ["vip:yes"], "metadata": {"actor": "bob"}},
          {"type": "account.deposited", "data": {"cents": 5}, "id": "mine", "schemaVersion": 1}]',
        expected_version => 'no-stream',
        metadata => '{"actor": "alice", "correlationId": "c-1"}')`);
    expect(appended.map((row) => row['stream_version'])).toEqual(['1', '2']);
    expect(appended[1]).toMatchObject({ event_id: 'mine' });

    const [first, second] = await collect(store.readStream('account-sql'));
    expect(first).toMatchObject({
      type: 'account.opened',
      data: { owner: 'Ada' },
      tags: ['vip:yes'],
      metadata: { actor: 'bob', correlationId: 'c-1' },
      position: Number(appended[0]!['position']),
    });
    expect(second).toMatchObject({ id: 'mine', data: { cents: 5 }, tags: [], metadata: { actor: 'alice' } });

    const stream = await run(`select stream_version, type, data from leftfold.read_stream('account-sql', 2)`);
    expect(stream).toEqual([{ stream_version: '2', type: 'account.deposited', data: { cents: 5 } }]);
    const log = await run(
      `select event_id from leftfold.read_all(after => ${Number(appended[0]!['position'])})`,
    );
    expect(log).toEqual([{ event_id: 'mine' }]);
    const [mark] = await run('select leftfold.high_water_mark()');
    expect(mark).toEqual({ high_water_mark: appended[1]!['position'] });
  });

  test.for([
    'read_all(null)',
    'read_all(-1)',
    'read_all(0, null)',
    'read_all(0, 0)',
    `read_all(category => '')`,
    `read_all(category => 'account-1')`,
    'read_stream(null)',
    `read_stream('')`,
    `read_stream('account-1', null)`,
    `read_stream('account-1', 0)`,
    `read_stream('account-1', 1, 0)`,
  ])('%s is refused, in place of an empty result', async (call, { run }) => {
    expect(await failureOf(run(`select from leftfold.${call}`))).toMatchObject({ code: '22023' });
  });

  test('is filtered by type, category and tags', async ({ store, run }) => {
    await store.append('account-filter', [{ ...opened, tags: ['shop:1', 'vip:no'] }, deposited(1)]);
    await store.append('accounting-filter', [{ ...opened, tags: ['shop:1'] }]);
    const positionsWhere = async (filter: string) =>
      (await run(`select stream_id || '@' || stream_version as place from leftfold.read_all(${filter})`)).map(
        ({ place }) => place,
      );
    expect(await positionsWhere(`tags => '{shop:1}'`)).toEqual(['account-filter@1', 'accounting-filter@1']);
    expect(await positionsWhere(`tags => '{shop:1,vip:no}'`)).toEqual(['account-filter@1']);
    expect(await positionsWhere(`category => 'accounting'`)).toEqual(['accounting-filter@1']);
    expect(
      await positionsWhere(`types => '{account.opened}', category => 'account', max_events => 1`),
    ).toHaveLength(1);
  });

  test.for([
    ['no-stream', 'account-conflict', 'expected no-stream'],
    ['4', 'account-conflict', 'expected 4'],
    ['stream-exists', 'account-nowhere', 'expected stream-exists'],
  ] as const)(
    'refuses with SQLSTATE LF001 an append that expects %s of %s and is wrong',
    async ([expected, stream, message], { run }) => {
      await run(
        `select from leftfold.append('account-conflict', '[{"type": "account.opened", "data": {"owner": "Ada"}}]')`,
      );
      const refused = run(`select * from leftfold.append('${stream}', '[{"type": "t"}]', '${expected}')`);
      expect(await failureOf(refused)).toMatchObject({
        code: 'LF001',
        message: expect.stringContaining(message),
        hint: 'read it again and decide again',
      });
    },
  );

  test('refuses with SQLSTATE LF002 a known event id for another event', async ({ run }) => {
    await run(
      `select from leftfold.append('account-id', '[{"type": "account.opened", "data": {"owner": "A"}, "id": "known"}]')`,
    );
    const reused = run(
      `select * from leftfold.append('account-id', '[{"type": "account.deposited", "id": "known"}]')`,
    );
    expect(await failureOf(reused)).toMatchObject({
      code: 'LF002',
      message: 'event id "known" is already recorded for another event',
    });
  });

  test('refuses with SQLSTATE LF002 an event id that occurs twice in one call', async ({ run }) => {
    const twice = run(
      `select * from leftfold.append('account-id2', '[{"type": "t", "id": "x"}, {"type": "t", "id": "x"}]')`,
    );
    expect(await failureOf(twice)).toMatchObject({ code: 'LF002' });
  });

  test('returns the first result for a repeated append, by event ids or command id', async ({
    store,
    run,
  }) => {
    for (const call of [
      `leftfold.append('account-twice', '[{"type": "account.opened", "data": {"owner": "A"}, "id": "twice"}]', 'no-stream')`,
      `leftfold.append('account-command', '[{"type": "account.opened", "data": {"owner": "A"}}]', 'no-stream', command_id => 'sql-1')`,
    ]) {
      const first = await run(`select * from ${call}`);
      expect(await run(`select * from ${call}`)).toEqual(first);
      expect(first).toHaveLength(1);
    }
    expect(await store.eventsOfCommand('sql-1')).toMatchObject([
      { id: 'sql-1:1', metadata: { commandId: 'sql-1' } },
    ]);
  });

  test('refuses with SQLSTATE 22023 an event id beside a command id', async ({ store, run }) => {
    const both = run(`
      select from leftfold.append(
        'account-both', '[{"type": "account.opened", "data": {"owner": "A"}},
                          {"type": "account.deposited", "data": {"cents": 1}, "id": "own"}]', command_id => 'sql-2')`);
    expect(await failureOf(both)).toMatchObject({
      code: '22023',
      message: 'event 2 has an "id", which is made from command_id when that is given',
      hint: 'leave out the "id", or command_id',
    });
    expect(await collect(store.readStream('account-both'))).toEqual([]);
  });

  test('an append without events checks the stream, and answers with none', async ({ run }) => {
    expect(await run(`select * from leftfold.append('account-check', '[]', 'no-stream')`)).toEqual([]);
    expect(await failureOf(run(`select * from leftfold.append('account-check', '[]', '1')`))).toMatchObject({
      code: 'LF001',
    });
  });

  test.for(['repeatable read', 'serializable'])(
    'refuses with SQLSTATE LF004 to append or to read at %s',
    async (level, { database }) => {
      for (const call of [
        `leftfold.append('account-level', '[{"type": "t"}]')`,
        'leftfold.read_all()',
        'leftfold.high_water_mark()',
      ]) {
        const open = await beginTransaction(database.connectionString, level);
        expect(await failureOf(open.client.query(`select * from ${call}`)), call).toMatchObject({
          code: 'LF004',
          message: expect.stringContaining(`isolation level read committed, this transaction has ${level}`),
        });
        await open.rollback();
      }
    },
  );

  test.for([
    [`'{}'`, 'events must be a JSON array'],
    ['null', 'events must be a JSON array'],
    [`'["t"]'`, 'event 1 must be a JSON object'],
    [`'[{"type": 1}]'`, 'event 1 needs a "type", a string'],
    [`'[{"type": "t"}, {"type": "t", "id": 7}]'`, 'event 2 has an "id" that is not a string'],
    [
      `'[{"type": "t", "schemaVersion": 1.5}]'`,
      'event 1 has a "schemaVersion" that is not a whole number from 1',
    ],
    [
      `'[{"type": "t", "schemaVersion": null}]'`,
      'event 1 has a "schemaVersion" that is not a whole number from 1',
    ],
    [`'[{"type": "t", "metadata": [1]}]'`, 'event 1 has "metadata" that is not an object'],
    [`'[{"type": "t", "tags": "a"}]'`, 'event 1 has "tags" that are not an array of strings'],
    [`'[{"type": "t", "tags": null}]'`, 'event 1 has "tags" that are not an array of strings'],
    [`'[{"type": "t", "tags": ["a", null]}]'`, 'event 1 has "tags" that are not an array of strings'],
    [`'[{"type": "t", "tags": [["a"]]}]'`, 'event 1 has "tags" that are not an array of strings'],
    [
      `jsonb_build_array(jsonb_build_object('type', 't', 'tags', to_jsonb(array_fill('a'::text, array[65]))))`,
      'event 1 has more than 64 tags',
    ],
    [
      `'[{"type": "t", "schemaVersion": "1"}]'`,
      'event 1 has a "schemaVersion" that is not a whole number from 1',
    ],
    [`'[{"type": "t", "data": 5}]'`, 'event 1 has "data" that is not an object'],
    [`'[{"type": "t", "data": null}]'`, 'event 1 has "data" that is not an object'],
    [
      `'[{"type": "t", "tagz": ["a"]}]'`,
      'event 1 has no member "tagz"; it takes type, data, id, schemaVersion, metadata and tags',
    ],
    [
      // Characters beyond the basic plane, four bytes each: of megabytes they were counted for seconds.
      `jsonb_build_array(jsonb_build_object('type', repeat(U&'\\+01F98A', 4000000)))`,
      'event type has more than 255 characters',
    ],
    [`'[{"type": "a\\nb"}]'`, 'event type has a control character; remove it'],
    [`'[{"type": "t", "tags": ["a\\u007f"]}]'`, 'tag has a control character; remove it'],
    [`'[{"type": "t", "tags": [""]}]'`, 'tag must be a text that is not empty'],
    [
      `jsonb_build_array(jsonb_build_object('type', 't', 'id', repeat(U&'\\+01F98A', 128)))`,
      'event id has more than 255 characters',
    ],
    [
      `jsonb_build_array(jsonb_build_object('type', 't', 'data', jsonb_build_object('x', repeat('x', 1048576))))`,
      'event 1 is larger than 1 MiB',
    ],
    [
      `jsonb_build_array(jsonb_build_object('type', 't', 'data', ('{"v":' || repeat('[', 1000) || repeat(']', 1000) || '}')::jsonb))`,
      'event 1 is nested more than 1,000 levels deep',
    ],
    [`'[{"type": "t", "data": {"v": [-1e309]}}]'`, 'event 1 has a number beyond ±1.7976931348623157e308'],
    [
      `'[{"type": "t", "data": {}, "metadata": {"v": 1.8e308}}]'`,
      'event 1 has a number beyond ±1.7976931348623157e308',
    ],
    [
      `'[{"type": "t", "data": {"v": [1e-16000]}}]'`,
      'event 1 has a number that is not 0 and closer to it than 1e-400',
    ],
    [`'[{"type": "t"}]', metadata => '{"a": 1e400}'`, 'metadata has a number beyond ±1.7976931348623157e308'],
    [
      `'[{"type": "t"}]', metadata => ('{"v":' || repeat('[', 3000) || repeat(']', 3000) || '}')::jsonb`,
      'metadata is nested more than 1,000 levels deep',
    ],
    [
      // Each event would have a copy: 100 MB.
      `(select jsonb_agg('{"type": "t"}'::jsonb) from generate_series(1, 100)), metadata => jsonb_build_object('a', repeat('x', 1000000))`,
      'an append has at most 32 MiB, with the metadata in each event',
    ],
    // As text, these few characters are more than a gigabyte.
    [
      `jsonb_build_array(jsonb_build_object('type', 't', 'data', jsonb_build_object('v', array_fill('1e131071'::numeric, array[9000]))))`,
      'event 1 has a number beyond ±1.7976931348623157e308',
    ],
    [`'[{"type": "t"}]', command_id => ''`, 'command_id must be a text that is not empty'],
    [`'[]', metadata => '[]'`, 'metadata must be a JSON object'],
    [`'[]', metadata => null`, 'metadata must be a JSON object'],
    [
      `'[]', expected_version => null`,
      `expected_version must be a version from 0, 'any', 'no-stream' or 'stream-exists', not null`,
    ],
    [
      `'[]', expected_version => '-1'`,
      `expected_version must be a version from 0, 'any', 'no-stream' or 'stream-exists', not '-1'`,
    ],
  ] as const)('refuses with SQLSTATE 22023 to append %s', async ([args, message], { run }) => {
    const refused = run(`select * from leftfold.append('account-invalid', ${args})`);
    expect(await failureOf(refused)).toMatchObject({ code: '22023', message });
  });

  test('refuses with SQLSTATE 22023 to append to no stream', async ({ run }) => {
    expect(await failureOf(run(`select * from leftfold.append(null, '[]')`))).toMatchObject({
      code: '22023',
      message: 'stream_id must not be null',
    });
  });

  test('an event that is half an event is refused, and nothing is appended', async ({ run }) => {
    const refused = run(`select * from leftfold.append('account-half', '[{"type": "t"}, {"data": {}}]')`);
    expect(await failureOf(refused)).toMatchObject({
      code: '22023',
      message: 'event 2 needs a "type", a string',
    });
    const tooLong = run(`select * from leftfold.append('account-${'x'.repeat(255)}', '[{"type": "t"}]')`);
    expect(await failureOf(tooLong)).toMatchObject({ code: '22023' });
    expect(await run(`select * from leftfold.read_stream('account-half')`)).toEqual([]);
  });
});
