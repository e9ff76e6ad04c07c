import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@leftfold/embedded';
import { opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { expect, test as plain } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore } from './store-test.ts';

/** Tests on a log whose server starts again as a standby of a primary that is gone. */
const test = plain.extend('store', { scope: 'file' }, async ({}, { onCleanup }) => {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-standby-'));
  const directory = join(folder, 'postgres');
  const primary = await startPostgres({ directory });
  const writing = openStore(primary.connectionString);
  await writing.migrate();
  await writing.append('account-1', [opened]);
  await writing.close();
  await primary.stop();
  writeFileSync(join(directory, 'data', 'standby.signal'), '');
  const server = await startPostgres({ directory });
  const store = openStore(server.connectionString);
  onCleanup(async () => {
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  return store;
});

test('a standby migrates nothing, and serves single streams', async ({ store }) => {
  guarantee('standby');
  await store.migrate();
  expect(await collect(store.readStream('account-1'))).toHaveLength(1);
  expect(await store.loadSnapshot('account-1', 'key')).toBeUndefined();
});

test.for<[string, (on: PostgresEventStore) => Promise<unknown>]>([
  ['an append', (on) => on.append('account-1', [opened])],
  ['an append of several events', (on) => on.append('account-1', [opened, opened])],
  ['the settled position', (on) => on.highWaterMark()],
  ['the log', (on) => collect(on.readAll())],
  ['a subscription', (on) => collect(on.subscribe(), 1)],
  [
    'a migration',
    (on) => openStore('', { connectionString: undefined, pool: on.pool, schema: 'new' }).migrate(),
  ],
])('a standby refuses %s, and says where to go', async ([, call], { store }) => {
  guarantee('standby');
  expect(await failureOf(call(store))).toMatchObject({
    code: 'READ_ONLY_DATABASE',
    retryable: false,
    message: expect.stringContaining('connect to the primary'),
  });
});
