import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startPostgres } from '@leftfold/embedded';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { collect, failureOf, opened, openStore } from './bank.ts';

let folder: string;
let server: EmbeddedPostgres;
let store: PostgresEventStore;

/** A log, whose server starts again as a standby of a primary that is gone. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leftfold-standby-'));
  const directory = join(folder, 'postgres');
  const primary = await startPostgres({ directory });
  const writing = openStore(primary.connectionString);
  await writing.migrate();
  await writing.append('account-1', [opened]);
  await writing.close();
  await primary.stop();
  writeFileSync(join(directory, 'data', 'standby.signal'), '');
  server = await startPostgres({ directory });
  store = openStore(server.connectionString);
});

afterAll(async () => {
  await store?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

test('a standby migrates nothing, and serves single streams', async () => {
  await store.migrate();
  expect(await collect(store.readStream('account-1'))).toHaveLength(1);
  expect(await store.loadSnapshot('account-1', 'key')).toBeUndefined();
});

test.each<[string, (on: PostgresEventStore) => Promise<unknown>]>([
  ['an append', (on) => on.append('account-1', [opened])],
  ['an append of several events', (on) => on.append('account-1', [opened, opened])],
  ['the settled position', (on) => on.highWaterMark()],
  ['the log', (on) => collect(on.readAll())],
  ['a subscription', (on) => collect(on.subscribe(), 1)],
  [
    'a migration',
    (on) => openStore('', { connectionString: undefined, pool: on.pool, schema: 'new' }).migrate(),
  ],
])('a standby refuses %s, and says where to go', async (_, call) => {
  expect(await failureOf(call(store))).toMatchObject({
    code: 'READ_ONLY_DATABASE',
    retryable: false,
    message: expect.stringContaining('connect to the primary'),
  });
});
