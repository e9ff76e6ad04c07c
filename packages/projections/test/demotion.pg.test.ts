import { auditEvents, balances, deposited, journal, opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { tokenAt } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, vi } from 'vitest';
import { centsOf, endDemotion, inlineJournal, statesOf, sums, test, untilInline } from './inline-log.ts';
import { createTestRunner, rowsOf } from './runner.ts';

const inlineBalances = { ...balances, mode: 'inline' } as const;
const next = { ...inlineJournal, version: 2 } as const;

describe('an append that does not apply an inline projection', () => {
  test('makes it asynchronous, says so everywhere, and is not missing from it', async ({
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await using log = await inlineLog([inlineJournal]);
    await log.store.append('account-1', [deposited(1)]);
    await using old = sameLog(log.store);
    const { position } = await old.append('account-1', [deposited(2)]);
    const [status] = await log.runner.status();
    expect(status?.state).not.toBe('inline');
    expect(status?.demotion).toMatchObject({ by: expect.any(String), inlineAfter: expect.any(Date) });
    expect(warn.mock.calls).toMatchObject([
      [
        {
          code: 'PROJECTION_NOT_INLINE',
          message: expect.stringMatching(
            /"journal" version 1 is not inline: .* no event is missing: .* passes/,
          ),
        },
      ],
    ]);
    warn.mockRestore();
    await log.runner.waitFor(inlineJournal, await tokenAt(log.store, position));
    await log.store.append('account-1', [deposited(3)]);
    await old.append('account-1', [deposited(4)]);
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3, 4]);
    expect(log.incidents).toMatchObject([
      {
        subscription: { name: 'journal' },
        stopped: false,
        error: {
          code: 'PROJECTION_NOT_INLINE',
          message: expect.stringMatching(/no event is missing: .* makes it inline again once/),
        },
      },
    ]);
  });

  test('in SQL does so too', async ({ inlineLog }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await log.store.append('account-1', [deposited(1)]);
    await sql`select ${sql.id(log.store.schema, 'append')}(
                'account-1', '[{"type":"account.deposited","data":{"cents":2}}]')`.execute(log.store.db);
    await log.store.append('account-1', [deposited(3)]);
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3]);
  });

  test('in the transaction of its caller does so too, and undoes it when it rolls back', async ({
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    const append = (cents: number, fails: boolean) =>
      old.db.transaction().execute(async (transaction) => {
        await old.append('audit-1', [auditEvents.create.noted({ note: 'before' })], { transaction });
        await old.append('account-1', [deposited(cents)], { transaction });
        if (fails) throw new Error('not this time');
      });
    await expect(append(1, true)).rejects.toThrow('not this time');
    expect(await log.runner.status()).toMatchObject([{ state: 'inline' }]);
    await append(2, false);
    await log.store.append('account-1', [deposited(3)]);
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await centsOf(log.store, journal)).toEqual([2, 3]);
  });

  test('of events that it does not read leaves it inline', async ({ inlineLog, sameLog }) => {
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    await old.append('account-1', [opened]);
    await old.append('audit-1', [auditEvents.create.noted({ note: 'one' })]);
    const several = ['audit-1', 'account-2'].map((streamId) => ({
      streamId,
      events: streamId === 'audit-1' ? [auditEvents.create.noted({ note: 'two' })] : [opened],
    }));
    await old.appendToStreams(several);
    expect(await log.runner.status()).toMatchObject([{ state: 'inline', demotion: undefined }]);
  });

  test('in a batch with others is made, and so are the others', async ({ inlineLog, sameLog }) => {
    guarantee('inline-complete');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await using log = await inlineLog([sums, inlineJournal]);
    await using old = sameLog(log.store);
    const appends = Array.from({ length: 60 }, (_, n) =>
      n % 3 === 0
        ? old.append(`audit-${n}`, [auditEvents.create.noted({ note: 'beside' })])
        : old.append(`account-${n}`, [deposited(1), deposited(1)]),
    );
    expect(await Promise.all(appends)).toHaveLength(60);
    // One warning: the whole batch is one demotion.
    expect(warn.mock.calls).toMatchObject([
      [{ message: expect.stringContaining('"journal" version 1, "sums" version 1 is not inline') }],
    ]);
    warn.mockRestore();
    for (const projection of [sums, inlineJournal]) await log.runner.whenCaughtUp(projection);
    expect(await centsOf(log.store, sums)).toEqual([80]);
    expect(await centsOf(log.store, journal)).toHaveLength(80);
  });

  test('leaves other projections inline that it does apply', async ({ inlineLog, sameLog }) => {
    await using log = await inlineLog([inlineBalances, inlineJournal]);
    await using old = sameLog(log.store, [inlineBalances]);
    await old.append('account-1', [deposited(5)]);
    expect(await log.runner.status()).toMatchObject([
      { name: 'balances', state: 'inline' },
      { name: 'journal', demotion: expect.anything() },
    ]);
    expect(await rowsOf(log.store, balances)).toMatchObject([{ cents: 5 }]);
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await centsOf(log.store, journal)).toEqual([5]);
  });
});

describe('two releases with two versions of an inline projection', () => {
  test('each keep their own version complete', async ({ inlineLog, sameLog }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await log.store.append('account-1', [deposited(1)]);
    await using newStore = sameLog(log.store, [next]);
    await using newRunner = createTestRunner(newStore, [next], { leaseMs: 300 });
    await newRunner.start();
    await newRunner.whenCaughtUp(next);
    expect(await centsOf(newStore, next)).toEqual([1]);
    // One does not apply version 2, the other not version 1.
    await log.store.append('account-1', [deposited(2)]);
    await newStore.append('account-1', [deposited(3)]);
    await log.store.append('account-1', [deposited(4)]);
    await log.runner.whenCaughtUp(inlineJournal);
    await newRunner.whenCaughtUp(next);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3, 4]);
    expect(await centsOf(newStore, next)).toEqual([1, 2, 3, 4]);

    // The old release ends; the new one is inline again.
    await log.runner.stop();
    await endDemotion(newStore);
    await untilInline(newRunner);
    await newStore.append('account-1', [deposited(5)]);
    expect(await centsOf(newStore, next)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a demoted projection', () => {
  test('is made inline again, after twice the time with each demotion', async ({ inlineLog, sameLog }) => {
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    const waits: number[] = [];
    for (const cents of [1, 2, 3]) {
      await old.append('account-1', [deposited(cents)]);
      const [status] = await log.runner.status();
      const { at, inlineAfter } = status!.demotion!;
      waits.push(Math.round((inlineAfter.getTime() - at.getTime()) / 1_000));
      await log.runner.whenCaughtUp(inlineJournal);
      expect(await statesOf(log.runner)).toEqual(['running']);
      await endDemotion(log.store);
      await untilInline(log.runner);
    }
    expect(waits).toEqual([5, 10, 20]);
    await log.store.append('account-1', [deposited(4)]);
    expect(await centsOf(log.store, journal)).toEqual([1, 2, 3, 4]);
  });

  test('is complete after any order of appends of both kinds, promotions and resets', async ({
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums, inlineJournal]);
    await using old = sameLog(log.store);
    await old.append('account-1', [deposited(1)]);
    let cents = 1;
    let going = true;
    const writers = [log.store, old, log.store].map(async (store, writer) => {
      for (let n = 0; going; n += 1) {
        if (store === old) await new Promise((resume) => setTimeout(resume, (n * 37) % 200));
        await store.append(`account-${writer}-${n % 3}`, [deposited(1)]);
        cents += 1;
      }
    });
    const demotions = async () => {
      const { rows } = await sql<{ demotions: number }>`
        select demotions from ${sql.id(log.store.schema, 'subscriptions')}`.execute(log.store.db);
      return rows.map((row) => row.demotions);
    };
    for (const times of [2, 3, 4]) {
      await endDemotion(log.store);
      const again = async () => (await demotions()).every((count) => count >= times);
      await until(again, { message: `demotion ${times}` });
    }
    going = false;
    await Promise.all(writers);
    for (const projection of [sums, inlineJournal]) await log.runner.whenCaughtUp(projection);
    expect(await centsOf(log.store, sums)).toEqual([cents]);
    expect(await centsOf(log.store, journal)).toHaveLength(cents);
  });
});
