import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { test } from './store-test.ts';

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
  { query_request: `'{2}'`, query_tags: `array['{a}']`, query_types: `'{null}'`, query_after: `'{0}'` },
  { query_request: `'{1}'`, query_tags: `array['{}']`, query_types: `'{null}'`, query_after: `'{0}'` },
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

test('the longest names and most tags are taken', async ({ pool }) => {
  const longest = `repeat(U&'\\+01F98A', 127)`;
  await pool.query(
    `select from leftfold._append_one(${longest}, -1, ${longest}, ${longest}, 1, '5', '{}', array_fill(${longest}, array[64]))`,
  );
  await pool.query(callWith({}));
});
