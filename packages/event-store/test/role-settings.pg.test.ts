import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, test as storeTest } from './store-test.ts';

/** A store whose role has a setting in this database, for as long as it is open. */
const test = storeTest.extend(
  'openWith',
  ({ database, pool }) =>
    async (setting: string, value: string, options: Parameters<typeof openStore>[1] = {}) => {
      const here = `alter role current_user in database "${database.name}"`;
      await pool.query(`${here} set ${setting} = '${value}'`);
      const limited = openStore(database.connectionString, { listen: false, ...options });
      return {
        limited,
        [Symbol.asyncDispose]: async () => {
          await limited.close();
          await pool.query(`${here} reset ${setting}`);
        },
      };
    },
);

describe('a role', () => {
  test.beforeAll(async ({ store }) => {
    await store.append('account-0', [opened]);
  });

  test('that may only read is told to go to the primary when it writes, and reads', async ({
    database,
    openWith,
  }) => {
    guarantee('role-settings');
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

  test.for(['lock_timeout', 'statement_timeout'])(
    'whose %s ends an append gets an error that names it; a later append succeeds',
    async (setting, { database, store, openWith }) => {
      guarantee('role-settings');
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

  test.for(['lock_timeout', 'statement_timeout'])(
    'whose %s ends one append of a batch loses that one alone',
    async (setting, { database, store, openWith }) => {
      guarantee('isolated-failures');
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
