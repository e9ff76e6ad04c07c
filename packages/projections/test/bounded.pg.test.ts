import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { test } from './runner-test.ts';

const COUNT = 16;
/** JSON that takes some twenty times its bytes in memory: each `{}` is an object. */
const EMPTY_OBJECTS = `[${'{},'.repeat(166_000)}{}]`;

test('a process with 512 MB of memory builds eight projections of the largest events', {
  timeout: 300_000,
}, async ({ adminStore, database }) => {
  guarantee('bounded-memory');
  const { schema, db } = adminStore;
  const log = sql.id(schema, 'events');
  // Below the store, which would need as much memory.
  await sql`
    insert into ${log}
           (position, stream_version, recorded_at, schema_version, stream_id, event_id, type, data, metadata, tags)
    select nextval(${`${schema}.event_position`}::regclass), number, clock_timestamp(), 1, 'account-large',
           'large' || number, 'account.deposited', jsonb_build_object('cents', 1, 'more', ${EMPTY_OBJECTS}::jsonb),
           '{}', '{}'
      from generate_series(1, ${COUNT}::int) as number`.execute(db);
  const script = fileURLToPath(new URL('./projecting-process.ts', import.meta.url));
  const flags = ['--max-old-space-size=512', ...typescriptFlags];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    script,
    database.connectionString,
    schema,
  ]);
  const lines = stdout.split('\n');
  expect(lines).toHaveLength(8);
  for (const table of ['_folded_a_v1.folded_a', '_handled_c_v1.found']) {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from ${sql.raw(`${schema}_${table}`)}`.execute(db);
    expect(rows).toEqual([{ count: COUNT }]);
  }
});
