import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction, serverTest } from '@leftfold/testbed/database';
import { crashServer } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { migratedLog, openStore } from './store-test.ts';

// What is not committed reaches the disk late: the widest window for a crash to lose it.
const test = serverTest({ settings: { wal_writer_delay: '10s', autovacuum: 'off' } }, migratedLog);

describe('a crash of the server', () => {
  test('never brings back a position that was said to be settled', async ({ server, database }) => {
    guarantee('stable-high-water-mark');
    await using reader = openStore(database.connectionString, { listen: false });
    await using writer = openStore(database.connectionString, { listen: false });
    const { position: before } = await writer.append('account-before-crash', [opened]);
    // Positions are logged 32 at a time; these are drawn, rolled back, and forgotten by a crash.
    const undone = await beginTransaction(database.connectionString);
    const many = Array.from({ length: 100 }, (_, index) => deposited(index));
    await writer.append('account-undone', many, { transaction: undone.client });
    await undone.rollback();
    const settled = await reader.highWaterMark();
    expect(settled).toBeGreaterThanOrEqual(before);

    await crashServer(server);
    const { position } = await writer.append('account-after-crash', [opened]);
    expect(position).toBeGreaterThan(settled);
    const [next] = await collect(reader.readAll({ after: settled }));
    expect(next?.position).toBe(position);
  });

  test('is survived by a subscription, which neither loses nor repeats an event', async ({
    server,
    database,
  }) => {
    guarantee('durable', 'readers-miss-nothing');
    await using reader = openStore(database.connectionString);
    await using writer = openStore(database.connectionString);
    const after = await reader.highWaterMark();
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { position } of reader.subscribe({ after, signal: stop.signal })) seen.push(position);
    })();
    const written: number[] = [];
    const append = async () =>
      written.push((await writer.append(`account-${written.length}`, [opened])).position);
    await append();
    await until(() => seen.length === 1, { message: 'the event before the crash' });
    await crashServer(server);
    await append();
    await append();
    await until(() => seen.length >= 3, { message: 'the events after the crash', timeoutMs: 15_000 });
    expect(seen).toEqual(written);
    stop.abort();
    await following;
  });
});
