import { databaseTest } from '@leftfold/testbed/database';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { checkHistory } from '../src/index.ts';
import { openStore } from './store-test.ts';

/** Tests on an empty database each. */
const test = databaseTest();

describe('a number beyond a double', () => {
  const refused = {
    code: 'INVALID_EVENT',
    position: 1,
    issues: [{ path: '*.*', message: expect.stringContaining('beyond ±1.7976931348623157e308') }],
  };

  test.for([
    ['data', `'{"amounts": [-1e131071]}', '{}'`],
    ['metadata', `'{}', '{"amounts": [1.8e308]}'`],
  ])(
    'in %s is refused by reads, where an internal function has stored it',
    async ([, json], { ownDatabase, ownPool }) => {
      await using store = openStore(ownDatabase.connectionString);
      await store.migrate();
      await ownPool.query(
        `select from leftfold._append_one('account-1', -1, 'one', 'account.opened', 1, ${json})`,
      );
      for (const events of [store.readStream('account-1'), store.readAll(), store.subscribe()])
        expect(await failureOf(collect(events, 1))).toMatchObject(refused);
      expect(await checkHistory(store)).toMatchObject({ failed: 1, failures: [{ position: 1 }] });
    },
  );

  test('is none of as many digits in a text, nor the largest double', async ({ ownDatabase, ownPool }) => {
    await using store = openStore(ownDatabase.connectionString);
    await store.migrate();
    const data = { owner: '9'.repeat(400), most: Number.MAX_VALUE };
    await ownPool.query(
      `select from leftfold.append('account-1', '[{"type": "account.opened", "data": ${JSON.stringify(data)}}]')`,
    );
    expect(await collect(store.readStream('account-1'))).toMatchObject([{ data }]);
  });
});
