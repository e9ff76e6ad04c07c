import { deposited, journal } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { tokenAt } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { centsOf, endDemotion, inlineJournal, statesOf, test, untilInline } from './inline-log.ts';
import { createTestRunner } from './runner.ts';

const patience = { checkMs: 20, reportMs: 60, stalledMs: 60_000 };

describe('a projection that is async in the old release and inline in the new one', () => {
  test('is taken over from a process that applies it, and inline at once', async ({
    inlineLogToStart,
    sameLog,
  }) => {
    guarantee('inline-mode-change');
    await using log = await inlineLogToStart([inlineJournal]);
    await using oldStore = sameLog(log.store);
    // Its lease would last for a minute.
    await using oldRunner = createTestRunner(oldStore, [journal], { leaseMs: 60_000 });
    await oldRunner.start();
    await oldStore.append('account-1', [deposited(1)]);
    await oldRunner.whenCaughtUp(journal);
    expect(await statesOf(oldRunner)).toEqual(['running']);

    await log.runner.start();
    await log.runner.whenCaughtUp(inlineJournal);
    await log.store.append('account-1', [deposited(2)]);
    expect(await centsOf(log.store, journal)).toEqual([1, 2]);

    // The old process appends, and one of them applies the rest until it may be inline again.
    const { position } = await oldStore.append('account-1', [deposited(3)]);
    await oldRunner.waitFor(journal, await tokenAt(oldStore, position));
    await log.runner.untilInline(inlineJournal, patience);
    await log.store.append('account-1', [deposited(4)]);
    for (const runner of [oldRunner, log.runner]) await runner.whenCaughtUp(journal);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3, 4]);
    await endDemotion(log.store);
    await untilInline(log.runner);
    await log.store.append('account-1', [deposited(5)]);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3, 4, 5]);
  });

  test('is not taken from the old process before it may be inline again', async ({ inlineLog, sameLog }) => {
    await using log = await inlineLog([inlineJournal]);
    await log.runner.stop();
    await using oldStore = sameLog(log.store);
    await using oldRunner = createTestRunner(oldStore, [journal], { leaseMs: 60_000 });
    await oldRunner.start();
    await until(async () => (await statesOf(oldRunner))[0] === 'inline');
    await oldStore.append('account-1', [deposited(1)]);
    // Its next check comes after twenty seconds: the append has told it that the projection is free.
    await oldRunner.whenCaughtUp(journal, { timeoutMs: 10_000 });
    const [{ owner } = {}] = await oldRunner.status();
    expect(owner).toBeDefined();
    await using newRunner = createTestRunner(log.store, [inlineJournal], { leaseMs: 1_000 });
    await newRunner.start();
    await newRunner.untilInline(inlineJournal, patience);
    // It asked for the lease meanwhile, and was not given it.
    expect(await newRunner.status()).toMatchObject([{ owner, state: 'running' }]);
    await sql`update ${sql.id(log.store.schema, 'subscriptions')} set inline_after = clock_timestamp()`.execute(
      log.store.db,
    );
    await untilInline(newRunner);
  });
});

describe('a projection that is inline in the old release and async in the new one', () => {
  test('is complete while both append, and async in the end', async ({ inlineLog, sameLog }) => {
    guarantee('inline-mode-change');
    await using log = await inlineLog([inlineJournal]);
    await log.store.append('account-1', [deposited(1)]);
    await using newStore = sameLog(log.store);
    await using newRunner = createTestRunner(newStore, [journal], { leaseMs: 300 });
    await newRunner.start();
    expect(await newRunner.status()).toMatchObject([{ mode: 'async', state: 'inline' }]);
    await newRunner.whenCaughtUp(journal);
    for (const cents of [2, 4]) {
      await newStore.append('account-1', [deposited(cents)]);
      await log.store.append('account-1', [deposited(cents + 1)]);
      await log.runner.whenCaughtUp(inlineJournal);
      if (cents > 2) break;
      await endDemotion(newStore);
      await untilInline(log.runner);
    }
    await log.runner.stop();
    const { position } = await newStore.append('account-1', [deposited(6)]);
    await newRunner.waitFor(journal, await tokenAt(newStore, position));
    expect(await centsOf(newStore, journal)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await statesOf(newRunner)).toEqual(['running']);
  });
});

describe('waiting until a projection is inline', () => {
  test('ends, and says for which transaction it waited', async ({ database, inlineLogToStart }) => {
    guarantee('inline-start-bounded');
    await using log = await inlineLogToStart([inlineJournal]);
    await using caller = await beginTransaction(database.connectionString);
    await log.store.append('account-1', [deposited(1)], { transaction: caller.client });
    await log.runner.start();
    await log.runner.untilInline(inlineJournal, { ...patience, reportMs: 1_000 });
    expect(log.incidents).toMatchObject([
      {
        subscription: { name: 'journal' },
        error: { code: 'PROJECTION_NOT_INLINE', message: expect.stringContaining(`(backend ${caller.pid})`) },
      },
    ]);
    await caller.commit();
    await untilInline(log.runner);
    expect(await centsOf(log.store, journal)).toEqual([1]);
  });

  test('says which process applies the history, and goes on while it advances', async ({
    inlineLogToStart,
    sameLog,
  }) => {
    guarantee('inline-start-bounded');
    await using log = await inlineLogToStart([inlineJournal]);
    const { events } = await log.store.append('account-1', [deposited(1), deposited(2), deposited(3)]);
    await using other = sameLog(log.store, [inlineJournal]);
    // Another process leads it, and advances when this test says so.
    const move = (position: number) =>
      sql`
      update ${sql.id(log.store.schema, 'subscriptions')}
         set position = ${position}, owner = 'another', owner_promotes = true, epoch = 100,
             lease_until = clock_timestamp() + interval '1 hour'`.execute(other.db);
    await move(0);
    await log.runner.start();
    const messages = () => log.incidents.map(({ error }) => (error as Error).message);
    const waiting = log.runner.untilInline(inlineJournal, { checkMs: 5, reportMs: 20, stalledMs: 3_000 });
    for (const { position } of events.slice(0, 2)) {
      await move(position);
      const text = `process another applies its history: it is at position ${position} of 3; waiting for it`;
      const told = () => messages().some((message) => message.includes(text));
      await until(told, { message: text });
    }
    await waiting;
    expect(messages().at(-1)).toContain('at position 2 of 3; it is applied asynchronously until then');
  });

  test('ends at once for one that is defined in another way', async ({ inlineLogToStart, sameLog }) => {
    await using log = await inlineLogToStart([inlineJournal]);
    const other = { ...inlineJournal, eventTypes: ['account.deposited', 'account.opened'] } as const;
    await using store = sameLog(log.store, [other]);
    await using runner = createTestRunner(store, [other]);
    await runner.start();
    await runner.untilInline(other, { checkMs: 5, reportMs: 60_000, stalledMs: 60_000 });
    expect(await statesOf(runner)).toEqual(['mismatched']);
  });
});
