import { tokenOf } from '@leftfold/core';
import { account, accountWith, transfer } from '@leftfold/testbed/bank';
import { describe, expect } from 'vitest';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const { open, deposit, withdraw } = account.command;

describe('the token of a command', () => {
  test('names its last event, also when the command is repeated', async ({ bank, otherStore }) => {
    const done = accepted(await bank.execute(open('named', { owner: 'Ada' }), { commandId: 'named' }));
    expect(done.token).toBe(tokenOf(done.events.at(-1)));
    const again = await openBank(otherStore).execute(open('named', { owner: 'Ada' }), { commandId: 'named' });
    expect(again).toMatchObject({ duplicate: true, token: done.token });
  });

  test('that is rejected names the last event of the state', async ({ bank, otherStore }) => {
    const { token } = await bank.execute(open('poor', { owner: 'Ada' }));
    const rejected = { outcome: 'rejected', token };
    // Cached after an append, cached after a load, and loaded.
    expect(await bank.execute(withdraw('poor', { cents: 5 }))).toMatchObject(rejected);
    const other = openBank(otherStore);
    expect(await other.execute(withdraw('poor', { cents: 5 }))).toMatchObject(rejected);
    expect(await other.execute(withdraw('poor', { cents: 5 }))).toMatchObject(rejected);
    expect((await other.load(account, 'poor')).token).toBe(token);
  });

  test('that is rejected on an empty stream is the beginning of the log', async ({ bank }) => {
    const rejected = await bank.execute(withdraw('nothing', { cents: 5 }));
    expect(rejected).toMatchObject({ outcome: 'rejected', streamVersion: 0, token: tokenOf(undefined) });
    expect(await bank.load(account, 'nothing')).toMatchObject({ exists: false, token: tokenOf(undefined) });
  });

  test('of several aggregates names the latest event of them', async ({ bank }) => {
    await bank.execute(open('late', { owner: 'Ada' }));
    await bank.execute(open('early', { owner: 'Bob' }));
    const { token } = await bank.execute(deposit('late', { cents: 3 }));
    for (const ids of [
      { from: 'late', to: 'early' },
      { from: 'early', to: 'late' },
      { from: 'late', to: 'not-open' },
    ]) {
      const rejected = await bank.execute(transfer.command({ ...ids, cents: 9 }));
      expect(rejected).toMatchObject({ outcome: 'rejected', token });
    }
    const moved = accepted(await bank.execute(transfer.command({ from: 'late', to: 'early', cents: 2 })));
    expect(moved.token).toBe(tokenOf(moved.events.at(-1)));
  });

  test('on a state from a snapshot names the last event of the state', async ({ store, otherStore }) => {
    const snapshotted = accountWith({ snapshots: { everyEvents: 2 } });
    const openAt = (at: typeof store) =>
      createCommandExecutor({ store: at, snapshots: at, aggregates: [snapshotted] });
    for (const cents of [0, 1]) {
      await using writer = openAt(store);
      await writer.execute(open(`snapshot-${cents}`, { owner: 'Ada' }));
      await writer.execute(deposit(`snapshot-${cents}`, { cents: 1 }));
    }
    // One is loaded from its snapshot alone, the other with an event after it.
    await openBank(store).execute(deposit('snapshot-1', { cents: 1 }));
    const watched = new WatchedStore(otherStore);
    await using reader = createCommandExecutor({
      store: watched,
      snapshots: otherStore,
      aggregates: [snapshotted],
    });
    for (const id of ['snapshot-0', 'snapshot-1']) {
      const events = await recordedOf(store, `account-${id}`);
      const rejected = await reader.execute(withdraw(id, { cents: 9 }));
      expect(rejected).toMatchObject({ outcome: 'rejected', token: tokenOf(events.at(-1)) });
    }
    expect(watched.calls).toEqual([]);
  });

  test('costs no call of the store', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    await bank.execute(open('calls', { owner: 'Ada' }));
    await bank.execute(withdraw('calls', { cents: 5 }));
    await bank.execute(deposit('calls', { cents: 5 }));
    expect(watched.calls).toEqual(['readStream', 'append', 'readStream', 'append']);
  });
});
