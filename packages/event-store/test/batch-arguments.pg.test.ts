import { defineEvents, type JsonValue } from '@leftfold/core';
import { opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { z } from 'zod';
import { openStore, test } from './store-test.ts';

/** Arguments of `_append_batch` for one event, with some of them replaced. */
function callWith(changes: Readonly<Record<string, string>>): string {
  const call: Readonly<Record<string, string>> = {
    stream_request: `'{1}'`,
    stream_id: `'{note-batch}'`,
    stream_expected_version: `'{-1}'`,
    stream_event_count: `'{1}'`,
    request_command_id: `'{null}'`,
    check_event_ids: 'false',
    event_id: `'{batch-1}'`,
    event_type: `'{note.written}'`,
    event_schema_version: `'{1}'`,
    event_data: `'[{"secret": 1}]'`,
    event_metadata: `'[{}]'`,
    ...changes,
  };
  return `select from leftfold._append_batch(${Object.entries(call)
    .map(([name, value]) => `${name} => ${value}`)
    .join(', ')})`;
}

const oneQuery = {
  query_request: `'{1}'`,
  query_tags: `array['{a}']`,
  query_types: `'{null}'`,
  query_category: `'{null}'`,
  query_after: `'{0}'`,
};

test.for<Readonly<Record<string, string>>>([
  { stream_request: `'{2}'` },
  { stream_request: `'{null}'` },
  { stream_request: `'[5:5]={1}'` },
  { stream_id: `'{null}'` },
  { stream_id: `'{a,b}'` },
  { stream_id: `'{}'` },
  { stream_id: `'{""}'` },
  { stream_id: `array[repeat('x', 256)]` },
  {
    stream_id: `'{a,a}'`,
    stream_request: `'{1,1}'`,
    stream_expected_version: `'{-1,-1}'`,
    stream_event_count: `'{1,0}'`,
  },
  { stream_expected_version: `'{-3}'` },
  { stream_expected_version: `'{null}'` },
  { stream_event_count: `'{-1}'` },
  { stream_event_count: `'{2}'` },
  { stream_event_count: `'{null}'` },
  // Each of these would be two billion rows.
  { stream_event_count: `'{2147483647}'` },
  {
    stream_id: `'{a,b}'`,
    stream_request: `'{1,1}'`,
    stream_expected_version: `'{-1,-1}'`,
    stream_event_count: `'{2147483647,-2147483647}'`,
  },
  { request_command_id: `'{null,null}'` },
  { event_id: `'{a,b}'` },
  { event_id: `'{null}'` },
  { event_id: `array[e'a\\nb']` },
  { event_type: `'{""}'` },
  { event_schema_version: `'{0}'` },
  { event_schema_version: `'{}'` },
  { event_data: `'[]'` },
  { event_metadata: `'["text"]'` },
  { event_tags: `array['{a,null}']` },
  { event_tags: `array['{""}']` },
  { event_tags: `array['{{a},{b}}']` },
  { event_tags: `array['{a}', '{b}']` },
  { query_request: `'{1}'` },
  ...[
    { query_request: `'{2}'` },
    { query_request: `'{null}'` },
    { query_tags: `'{null}'` },
    { query_tags: `array[array_fill('a'::text, array[65])::text]` },
    { query_tags: `array['{null}']` },
    { query_tags: `array['{{a,b}}']` },
    { query_tags: `array['[2:3]={a,b}']` },
    { query_types: `array['{null}']` },
    { query_types: `'{null,null}'` },
    { query_category: 'null' },
    { query_after: `'{-1}'` },
    { query_after: `'{null}'` },
  ].map((wrong) => ({ ...oneQuery, ...wrong })),
])('a call with %j is refused, and shows no row', async (changes, { pool, store }) => {
  const error = await failureOf(pool.query(callWith(changes)));
  expect(error).toMatchObject({ code: '22023' });
  expect(JSON.stringify(error)).not.toContain('secret');
  expect(await store.highWaterMark()).toBe(0);
});

test.for([
  `'', -1, 'one', 't', 1, '{}', '{}'`,
  `null, -1, 'one', 't', 1, '{}', '{}'`,
  `repeat('x', 256), -1, 'one', 't', 1, '{}', '{}'`,
  `'s', -1, repeat(U&'\\+01F98A', 128), 't', 1, '{}', '{}'`,
  `'s', -1, 'one', e'a\\tb', 1, '{}', '{}'`,
  `'s', -1, 'one', 't', 0, '{}', '{}'`,
  `'s', -1, 'one', 't', 1, null, '{}'`,
  `'s', -1, 'one', 't', 1, '{}', '[]'`,
  `'s', -1, 'one', 't', 1, '{}', '{}', null`,
  `'s', -1, 'one', 't', 1, '{}', '{}', '{{a},{b}}'`,
  `'s', -1, 'one', 't', 1, '{}', '{}', '{""}'`,
  `'s', -1, 'one', 't', 1, '{}', '{}', array_fill('a'::text, array[65])`,
])('_append_one(%s) is refused', async (args, { pool }) => {
  expect(await failureOf(pool.query(`select from leftfold._append_one(${args})`))).toMatchObject({
    code: '22023',
    detail: undefined,
  });
});

test.for([
  callWith({ event_data: `jsonb_build_array(jsonb_build_object('secret', repeat('x', 2097152)))` }),
  callWith({ event_metadata: `jsonb_build_array(jsonb_build_object('secret', repeat('x', 2097152)))` }),
  // 16 numbers, as a reader gets them.
  callWith({ event_data: `('[[1' || repeat(',1e131071', 16) || ']]')::jsonb` }),
  `select from leftfold._append_one('s', -1, 'one', 't', 1, to_jsonb(repeat('x', 2097152)), '{}')`,
  `select from leftfold._append_one('s', -1, 'one', 't', 1, '{}', jsonb_build_object('x', repeat('x', 2097152)))`,
  `select from leftfold._append_one('s', -1, 'one', 't', 1, ('[1' || repeat(',1e131071', 16) || ']')::jsonb, '{}')`,
])('an event that is too large is refused with SQLSTATE LF007: %s', async (call, { pool, store }) => {
  guarantee('bounded-memory');
  const error = await failureOf(pool.query(call));
  expect(error).toMatchObject({ code: 'LF007' });
  expect(JSON.stringify(error)).not.toContain('secret');
  expect(await store.highWaterMark()).toBe(0);
});

test('the longest names and most tags are taken', async ({ pool }) => {
  const longest = `repeat(U&'\\+01F98A', 127)`;
  await pool.query(
    `select from leftfold._append_one(${longest}, -1, ${longest}, ${longest}, 1, '5', '{}', array_fill(${longest}, array[64]))`,
  );
  await pool.query(callWith({}));
});

test('an event of the largest size is taken, and a larger one when the owner of the log says so', async ({
  pool,
}) => {
  const append = (id: string, characters: number) =>
    pool.query(
      `select from leftfold._append_one('s', -1, '${id}', 't', 1, to_jsonb(repeat('x', ${characters})), '{}')`,
    );
  // Two quotes, and two braces of the metadata.
  await append('largest', 2_097_152 - 4);
  expect(await failureOf(append('larger', 2_097_152 - 3))).toMatchObject({
    code: 'LF007',
    message: 'an event has more than 2097152 bytes of JSON, the limit of this log',
    detail: '{"streamId" : "s", "bytes" : 2097153, "limit" : 2097152}',
    hint: 'make it smaller, or let the owner raise max_event_size of "leftfold".log',
  });
  await pool.query('update leftfold.log set max_event_size = 4194304');
  await append('larger', 2_097_152 - 3);
});

test('a store whose limit is above that of the log gets a typed error until the owner raises it', async ({
  ownDatabase,
  ownPool,
}) => {
  const notes = defineEvents('note', { written: z.object({ text: z.string() }) });
  const limits = { eventBytes: 4 * 1024 * 1024 };
  await using store = openStore(ownDatabase.connectionString, { events: [notes], limits });
  const large = notes.create.written({ text: 'x'.repeat(2_097_152) });
  const small = notes.create.written({ text: 'secret' });
  const [failure] = await Promise.all([
    failureOf(store.append('note-large', [large])),
    store.append('note-small', [small]), // in its batch
  ]);
  expect(failure).toMatchObject({
    code: 'APPEND_TOO_LARGE',
    retryable: false,
    streamId: 'note-large',
    limit: 2_097_152,
    message: expect.stringContaining('let the owner raise max_event_size of "leftfold".log'),
  });
  await ownPool.query('update leftfold.log set max_event_size = 8388608');
  await store.append('note-large', [large]);
});

test('a snapshot of more than 32 MiB is not kept, and the store refuses one of more than 16 MiB', {
  timeout: 60_000,
}, async ({ pool, store }) => {
  guarantee('bounded-memory');
  const { position } = await store.append('account-large', [opened]);
  const load = () => store.loadSnapshot('account-large', 'key');
  const call = (characters: number) =>
    pool.query(
      `select leftfold._save_snapshot('account-large', 'key', 1, ${position}, to_jsonb(repeat('x', ${characters})))`,
    );
  await call(33_554_431);
  expect(await load()).toBeUndefined();
  const save = (state: JsonValue) =>
    store.saveSnapshot('account-large', 'key', { streamVersion: 1, position, state });
  await expect(save('x'.repeat(16_777_215))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    argument: 'snapshot.state',
  });
  await expect(save(Array.from({ length: 60_000 }, () => 1e300))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  await save('x'.repeat(16_777_214));
  expect(await load()).toMatchObject({ streamVersion: 1 });
});
