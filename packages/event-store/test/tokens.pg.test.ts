import { type LogToken, tokenOf } from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect, onTestFinished, vi } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { migratedLog, openStore, positionsOf } from './store-test.ts';

/** Tests on a log that had five events and lost the last two, with the token of each. */
const test = databaseTest(migratedLog).extend('tokens', async ({ ownDatabase }) => {
  const { connectionString } = ownDatabase;
  await using store = openStore(connectionString);
  const kept = await store.append('account-1', [opened, deposited(1), deposited(2)]);
  const backup = await backUpDatabase(connectionString);
  await using before = openStore(connectionString);
  const lost = await before.append('account-1', [deposited(3), deposited(4)]);
  await backup.restore();
  return [...kept.events, ...lost.events].map(tokenOf);
});

const filters = [undefined, { category: 'account' }, { tags: ['a:1'] }, { types: ['account.closed'] }];

async function expectRefused(store: PostgresEventStore, after: LogToken, position: number) {
  const message = expect.stringContaining(`does not have the event of the token at position ${position};`);
  const rewound = { code: 'LOG_REWOUND', lostFrom: position, lostTo: position, message };
  for (const filter of filters) {
    const options = { after, filter, unknownEvents: 'skip' as const };
    expect(await failureOf(collect(store.readAll(options)))).toMatchObject(rewound);
    expect(await failureOf(collect(store.subscribe(options), 1))).toMatchObject(rewound);
  }
}

describe('a reader that resumes at a token', () => {
  test('is refused where the log has another event at the position', async ({ ownDatabase, tokens }) => {
    guarantee('tokens-name-their-event', 'log-went-back');
    for (const preparedStatements of [true, false]) {
      await using store = openStore(ownDatabase.connectionString, { preparedStatements });
      await store.append('account-2', [opened, deposited(7), deposited(8), deposited(9)]);
      for (const position of [4, 5]) await expectRefused(store, tokens[position - 1]!, position);
    }
  });

  test('is refused where the other event is the last one', async ({ ownDatabase, tokens }) => {
    await using store = openStore(ownDatabase.connectionString);
    await store.append('account-2', [opened]);
    await expectRefused(store, tokens[3]!, 4);
  });

  test('is refused where the log ends before it', async ({ ownDatabase, tokens }) => {
    await using store = openStore(ownDatabase.connectionString);
    await expectRefused(store, tokens[4]!, 5);
  });

  test('is refused where the position was drawn and no event has it', async ({ ownDatabase, tokens }) => {
    await using store = openStore(ownDatabase.connectionString);
    const undone = await beginTransaction(ownDatabase.connectionString);
    await store.append('account-2', [opened, deposited(7)], { transaction: undone.client });
    await undone.rollback();
    await store.append('account-3', [opened]);
    await expectRefused(store, tokens[3]!, 4);
  });

  test('goes on where the log has the event', async ({ ownDatabase, tokens }) => {
    await using store = openStore(ownDatabase.connectionString);
    await store.append('account-2', [opened, deposited(7)]);
    expect(positionsOf(await collect(store.readAll({ after: tokens[2]! })))).toEqual([4, 5]);
    expect(positionsOf(await collect(store.readAll({ after: tokens[1]!, limit: 2 })))).toEqual([3, 4]);
    const resumed = collect(store.subscribe({ after: tokens[0]!, filter: { types: ['account.opened'] } }), 2);
    await store.append('account-3', [opened]);
    expect(positionsOf(await resumed)).toEqual([4, 6]);
    const all = await collect(store.readAll({ after: tokenOf(undefined) }));
    expect(positionsOf(all)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('reads many pages after it', async ({ ownDatabase, tokens }) => {
    await using store = openStore(ownDatabase.connectionString);
    for (let made = 0; made < 5; made += 1)
      await store.append(
        `account-${made + 2}`,
        Array.from({ length: 500 }, () => deposited(1)),
      );
    expect(positionsOf(await collect(store.readAll({ after: tokens[2]! })))).toEqual(
      Array.from({ length: 2_500 }, (_, index) => index + 4),
    );
  });

  test('notices when the log goes back after the token was checked', async ({ ownDatabase, tokens }) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    await using store = openStore(ownDatabase.connectionString);
    const backup = await backUpDatabase(ownDatabase.connectionString);
    const { events } = await store.append('account-2', [opened]);
    await using reader = openStore(ownDatabase.connectionString);
    const next = failureOf(collect(reader.subscribe({ after: tokenOf(events[0]) }), 1));
    await reader.highWaterMark();
    await backup.restore();
    await using other = openStore(ownDatabase.connectionString);
    await other.append('account-3', [opened, deposited(1)]);
    expect(await next).toMatchObject({ code: 'LOG_REWOUND', lostTo: 4 });
    expect(tokens).toHaveLength(5);
  });
});
