import { account, openFor, transfer } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { createBarrier } from '@leftfold/testbed/waiting';
import { expect } from 'vitest';
import { accepted } from '../src/index.ts';
import { openBank, recordedOf, test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

/** Executors that share nothing but the database. Their first appends are sent together, after all have decided. */
const test = bankTest.extend('racingBanks', ({ store, otherStore }) => (count: number) => {
  const allHaveDecided = createBarrier(count);
  return Array.from({ length: count }, (_, index) => {
    const watched = new WatchedStore(index % 2 === 0 ? store : otherStore);
    watched.beforeAppend = allHaveDecided;
    return openBank(watched);
  });
});

test('of two racing creates of one account exactly one is accepted, 50 times', async ({
  store,
  racingBanks,
}) => {
  guarantee('create-once');
  for (let round = 0; round < 50; round += 1) {
    const results = await Promise.all(
      racingBanks(2).map((bank) => bank.execute(account.command.open(`create-${round}`, { owner: 'Ada' }))),
    );
    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', 'rejected']);
    const lost = results.find(({ outcome }) => outcome === 'rejected');
    expect(lost).toMatchObject({ reason: 'account-already-open', streamVersion: 1, attempts: 2 });
    expect(await recordedOf(store, `account-create-${round}`)).toHaveLength(1);
  }
});

test('50 concurrent commands to one aggregate all succeed, versions 1 to 50', async ({ store }) => {
  const watched = new WatchedStore(store);
  const bank = openBank(watched);
  const results = await Promise.all(
    Array.from({ length: 50 }, () => bank.execute(account.command.deposit('hot', { cents: 1 }))),
  );
  const versions = results.map(({ streamVersion }) => streamVersion);
  expect(versions).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  // In one process they take turns, and only the first of them has to ask the store what there is.
  expect(watched.count('readStream')).toBe(1);
  expect(watched.count('append')).toBe(50);
});

test('50 commands from ten processes to one aggregate all succeed', async ({ racingBanks }) => {
  guarantee('decided-on-newest-state');
  const results = await Promise.all(
    racingBanks(10).flatMap((bank) =>
      Array.from({ length: 5 }, () => bank.execute(account.command.deposit('hot-everywhere', { cents: 1 }))),
    ),
  );
  const versions = results.map(({ streamVersion }) => streamVersion).toSorted((one, other) => one - other);
  expect(versions).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(Math.max(...results.map(({ attempts }) => attempts))).toBeGreaterThan(1);
});

test('a command repeated by ten callers at once is appended once, same result', async ({
  store,
  racingBanks,
}) => {
  guarantee('commands-take-effect-once');
  await openBank(store).execute(account.command.deposit('repeated', { cents: 10 }));
  const command = account.command.withdraw('repeated', { cents: 10 });
  const results = await Promise.all(
    racingBanks(10).map((bank) => bank.execute(command, { commandId: 'withdraw-all' })),
  );
  const [first] = results;
  for (const { outcome, streamVersion, token } of results) {
    expect({ outcome, streamVersion, token }).toEqual({
      outcome: 'accepted',
      streamVersion: 2,
      token: first?.token,
    });
  }
  expect(results.filter((result) => !accepted(result).duplicate)).toHaveLength(1);
  expect(await recordedOf(store, 'account-repeated')).toHaveLength(2);
});

test('concurrent transfers conserve money and overdraw no account', async ({ bank, store, otherStore }) => {
  guarantee('decisions-over-several-aggregates');
  const ids = ['a', 'b', 'c', 'd'];
  for (const id of ids) {
    await bank.execute(account.command.open(id, { owner: id }));
    await bank.execute(account.command.deposit(id, { cents: 20 }));
  }
  const banks = [bank, openBank(otherStore)];
  const results = await Promise.all(
    Array.from({ length: 60 }, (_, index) => {
      const from = ids[index % 4] ?? '';
      const to = ids[(index + 1 + (index % 3)) % 4] ?? '';
      const command = transfer.command({ from, to, cents: 1 + (index % 9) });
      return (banks[index % 2] ?? bank).execute(command, { retry: { attempts: 100 } });
    }),
  );
  expect(results.some(({ outcome }) => outcome === 'accepted')).toBe(true);
  let total = 0;
  for (const id of ids) {
    // Read by one that has nothing in memory.
    const { state } = await openBank(store).load(account, id);
    expect(state.cents).toBeGreaterThanOrEqual(0);
    total += state.cents;
  }
  expect(total).toBe(80);
});

test('a decision checks the versions of streams that it only reads', async ({ bank, store, otherStore }) => {
  guarantee('decisions-over-several-aggregates');
  await bank.execute(account.command.deposit('guarantor', { cents: 5 }));
  const watched = new WatchedStore(otherStore);
  const racing = openBank(watched);
  // When the decision is made and before it is appended, the guarantor's money goes.
  watched.beforeAppend = async () => {
    watched.beforeAppend = async () => {};
    await bank.execute(account.command.withdraw('guarantor', { cents: 5 }));
  };
  const result = await racing.execute(
    openFor.command({ guarantor: 'guarantor', fresh: 'fresh', owner: 'Bob' }),
  );
  expect(result).toMatchObject({ outcome: 'rejected', reason: 'no-guarantee', attempts: 2 });
  expect(await recordedOf(store, 'account-fresh')).toEqual([]);
});

test('a rejection over several aggregates rests on states of one moment', async ({ bank, otherStore }) => {
  guarantee('decisions-over-several-aggregates');
  await bank.execute(account.command.open('left', { owner: 'Ada' }));
  await bank.execute(account.command.open('right', { owner: 'Bob' }));
  await bank.execute(account.command.deposit('left', { cents: 10 }));
  const watched = new WatchedStore(otherStore);
  const racing = openBank(watched);
  // Decided on an empty right account, and then the money moves there: the rejection is no longer true.
  watched.beforeAppend = async () => {
    watched.beforeAppend = async () => {};
    await bank.execute(transfer.command({ from: 'left', to: 'right', cents: 10 }));
  };
  const result = await racing.execute(transfer.command({ from: 'right', to: 'left', cents: 10 }));
  expect(result).toMatchObject({ outcome: 'accepted', attempts: 2 });
});
