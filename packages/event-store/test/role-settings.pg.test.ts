import { untilBlocked } from '@leftfold/testing/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import {
  collect,
  createMigratedDatabase,
  deposited,
  failureOf,
  type MigratedDatabase,
  opened,
  openStore,
} from './bank.ts';
import { beginTransaction } from './open-transaction.ts';

describe('a role', () => {
  let database: MigratedDatabase;
  let store: PostgresEventStore;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    store = openStore(database.connectionString);
    await store.append('account-0', [opened]);
  });

  afterAll(async () => {
    await store?.close();
    await database?.[Symbol.asyncDispose]();
  });

  /** A store whose role has a setting in this database, for as long as it is open. */
  async function openWith(setting: string, value: string, options: Parameters<typeof openStore>[1] = {}) {
    const here = `alter role current_user in database "${database.name}"`;
    await store.pool.query(`${here} set ${setting} = '${value}'`);
    const limited = openStore(database.connectionString, { listen: false, ...options });
    return {
      limited,
      [Symbol.asyncDispose]: async () => {
        await limited.close();
        await store.pool.query(`${here} reset ${setting}`);
      },
    };
  }

  test('that may only read is told to go to the primary when it writes, and reads', async () => {
    const refused = {
      code: 'READ_ONLY_DATABASE',
      retryable: false,
      message: expect.stringMatching(/connect to the primary .* default_transaction_read_only/),
    };
    await using open = await openWith('default_transaction_read_only', 'on', {
      inline: { eventTypes: new Set(['account.deposited']), apply: async () => {} },
    });
    const { limited } = open;
    const writes: Readonly<Record<string, () => Promise<unknown>>> = {
      'one event': () => limited.append('account-read', [opened]),
      'several events': () => limited.append('account-read', [opened, opened]),
      'with a hook': () => limited.append('account-read', [deposited(1)]),
      'in a transaction': () =>
        limited.db
          .transaction()
          .execute((transaction) => limited.append('account-read', [opened], { transaction })),
      snapshot: () => limited.saveSnapshot('account-0', 'key', { streamVersion: 1, position: 1, state: {} }),
    };
    for (const [name, write] of Object.entries(writes))
      expect(await failureOf(write()), name).toMatchObject(refused);

    await limited.migrate();
    const unmigrated = openStore(database.connectionString, { schema: 'elsewhere' });
    expect(await failureOf(unmigrated.migrate())).toMatchObject(refused);
    await unmigrated.close();
    expect(await collect(limited.readStream('account-0'))).toHaveLength(1);
    expect(await collect(limited.readAll())).toHaveLength(1);
  });

  test.each(['lock_timeout', 'statement_timeout'])(
    'whose %s ends an append is told so, nothing is recorded, and the same append succeeds later',
    async (setting) => {
      const refused = {
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining(`raise ${setting} of this role`),
      };
      const streamId = `account-${setting}`;
      await using holder = await beginTransaction(database.connectionString);
      await store.append(streamId, [opened], { transaction: holder.client });
      await using open = await openWith(setting, '50ms');
      const { limited } = open;
      expect(await failureOf(limited.append(streamId, [opened]))).toMatchObject(refused);
      expect(await failureOf(limited.append(streamId, [opened, opened]))).toMatchObject(refused);
      await holder.commit();
      expect(await limited.append(streamId, [deposited(1)])).toMatchObject({ streamVersion: 2 });
      expect(await collect(store.readStream(streamId))).toHaveLength(2);
    },
  );

  test.each(['lock_timeout', 'statement_timeout'])(
    'whose %s ends one append of a batch loses that one alone',
    async (setting) => {
      const streamId = `account-held-${setting}`;
      await using holder = await beginTransaction(database.connectionString);
      await store.append(streamId, [opened], { transaction: holder.client });
      await using open = await openWith(setting, '200ms');
      const { limited } = open;
      const outcomes = Promise.allSettled([
        limited.append(`account-first-${setting}`, [opened]),
        limited.append(streamId, [opened]),
        limited.append(`account-last-${setting}`, [opened]),
      ]);
      await untilBlocked(store.pool);
      expect(await outcomes).toMatchObject([
        { status: 'fulfilled', value: { streamVersion: 1, duplicate: false } },
        { status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } },
        { status: 'fulfilled', value: { streamVersion: 1, duplicate: false } },
      ]);
      await holder.rollback();
    },
  );
});
