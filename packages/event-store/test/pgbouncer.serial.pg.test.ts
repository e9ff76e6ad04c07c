import { deposited, opened } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase, findProgram, startPgBouncer } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect, vi } from 'vitest';
import { migratedLog, openStore } from './store-test.ts';

const test = databaseTest(migratedLog);
const program = findProgram('pgbouncer');

test('a process behind PgBouncer notices another database under the same name', {
  skip: program === undefined,
}, async ({ ownDatabase, onTestFinished }) => {
  guarantee('log-went-back');
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const { connectionString } = ownDatabase;
  await using bouncer = await startPgBouncer(program ?? '', connectionString);
  await using store = openStore(bouncer.connectionString, { preparedStatements: false, listen: false });
  await store.append('account-1', [opened, deposited(1), deposited(2)]);
  const backup = await backUpDatabase(connectionString);
  await store.append('account-1', [deposited(3), deposited(4)], { expectedVersion: 3 });
  let lostConnections = 0;
  store.pool.on('remove', () => {
    lostConnections += 1;
  });
  await backup.restore();
  await using other = openStore(connectionString);
  await other.append('account-1', [deposited(7), deposited(8)]);

  const failure = await failureOf(store.append('account-1', [deposited(5)], { expectedVersion: 5 }));
  expect(failure).toMatchObject({ code: 'LOG_REWOUND', lostTo: 5 });
  expect(await collect(store.readStream('account-1'))).toHaveLength(5);
  expect(warn).toHaveBeenCalledOnce();
  // The pooler has kept the connections of its client, which hears of nothing.
  expect(lostConnections).toBe(0);
});

test('the locks of an append are held behind PgBouncer, which has transactions share connections', {
  skip: program === undefined,
}, async ({ ownDatabase }) => {
  const { connectionString } = ownDatabase;
  await using bouncer = await startPgBouncer(program ?? '', connectionString);
  await using store = openStore(bouncer.connectionString, { preparedStatements: false, listen: false });
  const tagged = { ...deposited(1), tags: ['hot'] };
  const context = { condition: { failIfMatch: { tags: ['hot'] } } };
  await using lock = await store.lockForAppend([{ streamId: 'account-locked', events: [tagged] }], context);
  expect(await collect((await lock.readForDecision({ tags: ['hot'] })).events)).toEqual([]);
  const waiting = store.append('account-waiting', [tagged]);
  await untilBlocked(connectionString);
  const { position } = await lock.append('account-locked', [tagged], context);
  expect((await waiting).position).toBeGreaterThan(position);
});
