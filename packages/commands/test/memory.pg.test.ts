import type { NewEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { account, accountEvents, accountWith, deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished } from 'vitest';
import { createCommandExecutor } from '../src/index.ts';
import { openBank, test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const deposits = (count: number) => Array.from({ length: count }, () => deposited(1));

const saver = accountWith({ snapshots: { everyEvents: 10 } });

/** Loads without anything in memory. */
const test = bankTest.extend('loadAfresh', ({ store }) => async (id: string, aggregate = saver) => {
  const watched = new WatchedStore(store);
  const read: number[] = [];
  const readStream = watched.readStream.bind(watched);
  watched.readStream = (streamId, options) => {
    read.push(options?.from ?? 1);
    return readStream(streamId, options);
  };
  const errors: unknown[] = [];
  const bank = createCommandExecutor({
    store: watched,
    aggregates: [aggregate],
    snapshots: store,
    onSnapshotError: (error) => errors.push(error),
  });
  const loaded = await bank.load(aggregate, id);
  await bank.close();
  return { ...loaded, read, errors };
});

async function saveSnapshot(store: PostgresEventStore, id: string) {
  await store.append(`account-${id}`, deposits(25));
  const bank = createCommandExecutor({ store, aggregates: [saver], snapshots: store });
  await bank.load(saver, id);
  await bank.close();
  const { rowCount } = await store.pool.query('select from leftfold.snapshots where stream_id = $1', [
    `account-${id}`,
  ]);
  expect(rowCount).toBe(1);
}

describe('the state cache', () => {
  test('saves the next command the read, and equals a replay', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    await bank.execute(account.command.open('kept', { owner: 'Ada' }));
    await bank.execute(account.command.deposit('kept', { cents: 5 }));
    await bank.execute(account.command.withdraw('kept', { cents: 5 }));
    expect(watched.calls).toEqual(['readStream', 'append', 'append', 'append']);
    expect(await bank.load(account, 'kept')).toEqual(await openBank(store).load(account, 'kept'));
  });

  test('saves creating commands the read of an empty stream', async ({ store }) => {
    await openBank(store).execute(account.command.open('new-3', { owner: 'Ada' }));
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    for (const id of ['new-1', 'new-2']) await bank.execute(account.command.open(id, { owner: 'Ada' }));
    expect(watched.calls).toEqual(['readStream', 'append', 'append']);
    // A guess, and nothing more.
    expect(await bank.execute(account.command.open('new-3', { owner: 'Ada' }))).toMatchObject({
      outcome: 'rejected',
      attempts: 1,
    });
    expect(watched.calls.slice(3)).toEqual(['append', 'readStream']);
    await bank.execute(account.command.open('new-4', { owner: 'Ada' }));
    expect(watched.calls.slice(5)).toEqual(['readStream', 'append']);
  });

  test('assumes an empty stream for a create, but never rejects on that assumption', async ({
    bank,
    store,
  }) => {
    await openBank(store).execute(account.command.deposit('unseen', { cents: 5 }));
    expect(await bank.execute(account.command.withdraw('nobody', { cents: 5 }))).toMatchObject({
      streamVersion: 0,
    });
    const result = await bank.execute(account.command.withdraw('unseen', { cents: 5 }));
    expect(result).toMatchObject({ outcome: 'accepted', streamVersion: 2 });
  });

  test('never causes a rejection: events of other processes are read first', async ({ bank, store }) => {
    guarantee('decided-on-newest-state');
    await bank.execute(account.command.open('stale', { owner: 'Ada' }));
    await openBank(store).execute(account.command.deposit('stale', { cents: 5 }));
    const result = await bank.execute(account.command.withdraw('stale', { cents: 5 }));
    expect(result).toMatchObject({ outcome: 'accepted', streamVersion: 3, attempts: 1 });
  });

  test('never causes an acceptance: the append detects a stale state', async ({ bank, store }) => {
    guarantee('decided-on-newest-state');
    await bank.execute(account.command.deposit('stale-credit', { cents: 5 }));
    await openBank(store).execute(account.command.withdraw('stale-credit', { cents: 5 }));
    const result = await bank.execute(account.command.withdraw('stale-credit', { cents: 5 }));
    expect(result).toMatchObject({ outcome: 'rejected', streamVersion: 2 });
  });

  test('is updated by reading its last event and newer ones', async ({ store }) => {
    await store.append('account-long', deposits(100));
    const watched = new WatchedStore(store);
    const read: number[] = [];
    const readStream = watched.readStream.bind(watched);
    watched.readStream = (streamId, options) => {
      read.push(options?.from ?? 1);
      return readStream(streamId, options);
    };
    const bank = openBank(watched);
    await bank.load(account, 'long');
    await store.append('account-long', deposits(1));
    expect(await bank.load(account, 'long')).toMatchObject({ state: { cents: 101 }, streamVersion: 101 });
    expect(read).toEqual([1, 100]);
  });

  test('serves any number of concurrent rejections with one read', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    await bank.execute(account.command.open('sold-out', { owner: 'Ada' }));
    watched.calls.length = 0;
    const results = await Promise.all(
      Array.from({ length: 100 }, () => bank.execute(account.command.withdraw('sold-out', { cents: 1 }))),
    );
    expect(results.every(({ outcome }) => outcome === 'rejected')).toBe(true);
    expect(watched.calls).toEqual(['readStream']);
  });

  test('serves commands rejected because of an append just made, without a read', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    await bank.execute(account.command.deposit('last-one', { cents: 1 }));
    watched.calls.length = 0;
    const results = await Promise.all(
      Array.from({ length: 10 }, () => bank.execute(account.command.withdraw('last-one', { cents: 1 }))),
    );
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    expect(watched.calls).toEqual(['append']);
  });

  test('is bounded: an evicted aggregate is read from its beginning', async ({ store }) => {
    await store.append('account-lru-x', deposits(3));
    const watched = new WatchedStore(store);
    const read: unknown[] = [];
    const readStream = watched.readStream.bind(watched);
    watched.readStream = (streamId, options) => {
      read.push([streamId, options?.from]);
      return readStream(streamId, options);
    };
    const bank = createCommandExecutor({ store: watched, aggregates: [account], cache: { aggregates: 2 } });
    for (const id of ['lru-x', 'lru-y', 'lru-x', 'lru-z', 'lru-y', 'lru-x']) await bank.load(account, id);
    const from = read.filter((one) => JSON.stringify(one).includes('lru-x'));
    expect(from).toEqual([
      ['account-lru-x', 1],
      ['account-lru-x', 3],
      ['account-lru-x', 1],
    ]);
  });

  test('can be off; commands to one aggregate still run one after another', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = createCommandExecutor({ store: watched, aggregates: [account], cache: false });
    const results = await Promise.all(
      Array.from({ length: 20 }, () => bank.execute(account.command.deposit('uncached', { cents: 1 }))),
    );
    expect(results.every(({ attempts }) => attempts === 1)).toBe(true);
    expect(watched.count('readStream')).toBe(20);
  });

  test('is dropped when the log ends before it, as after a restore', async ({ bank, pool }) => {
    await bank.execute(account.command.open('restored', { owner: 'Ada' }));
    await bank.execute(account.command.deposit('restored', { cents: 5 }));
    await pool.query('alter table leftfold.events disable trigger user');
    await pool.query(
      `delete from leftfold.events where stream_id = 'account-restored' and stream_version = 2`,
    );
    await pool.query('alter table leftfold.events enable trigger user');
    const result = await bank.execute(account.command.deposit('restored', { cents: 1 }));
    expect(result).toMatchObject({ outcome: 'accepted', streamVersion: 2 });
    expect(await bank.load(account, 'restored')).toMatchObject({ state: { cents: 1 } });
  });

  test.for<[string, () => NewEvent]>([
    [
      'a field that is undefined is no field',
      () => accountEvents.create.opened({ owner: 'Ada', note: undefined }),
    ],
    [
      'an event made by hand has lost what its schema does not know',
      () => ({
        type: 'account.opened',
        schemaVersion: 1,
        data: { owner: 'Ada', note: 'new', colour: 'red' },
      }),
    ],
  ])('is folded from payloads as they are stored: %s', async ([name, decide], { store }) => {
    const merging = {
      ...account,
      initialState: { note: 'kept' },
      evolve: (state: unknown, { data }: { readonly data: unknown }) => Object.assign({}, state, data),
      decide,
    };
    const bank = createCommandExecutor({ store, aggregates: [merging] });
    const id = `merged-${name.length}`;
    await bank.execute(account.command.open(id, { owner: 'Ada' }));
    const kept = await bank.load(merging, id);
    expect(kept).toEqual(await createCommandExecutor({ store, aggregates: [merging] }).load(merging, id));
    expect(kept.state).not.toHaveProperty('colour');
    expect(kept.state).toMatchObject({ owner: 'Ada', note: expect.any(String) });
  });
});

describe('a snapshot', () => {
  test('saves a load the events before it', async ({ store, loadAfresh }) => {
    await saveSnapshot(store, 'snap');
    await store.append('account-snap', deposits(3));
    expect(await loadAfresh('snap')).toMatchObject({
      state: { cents: 28 },
      streamVersion: 28,
      read: [],
      errors: [],
    });
  });

  test('is written after everyEvents new events, not before', async ({ store }) => {
    const bank = createCommandExecutor({ store, aggregates: [saver], snapshots: store });
    const versions = async () => {
      const { rows } = await store.pool.query(
        `select stream_version::int from leftfold.snapshots where stream_id = 'account-policy'`,
      );
      return rows.map((row) => row.stream_version);
    };
    for (let count = 0; count < 9; count += 1)
      await bank.execute(saver.command.deposit('policy', { cents: 1 }));
    expect(await versions()).toEqual([]);
    await bank.execute(saver.command.deposit('policy', { cents: 1 }));
    await until(async () => (await versions())[0] === 10);
    for (let count = 0; count < 10; count += 1)
      await bank.execute(saver.command.deposit('policy', { cents: 1 }));
    await bank.close();
    expect(await versions()).toEqual([20]);
  });

  test('of another state version is not used', async ({ store, loadAfresh }) => {
    guarantee('log-over-snapshot');
    await saveSnapshot(store, 'revised');
    const loaded = await loadAfresh(
      'revised',
      accountWith({ snapshots: { everyEvents: 10 }, stateVersion: 2 }),
    );
    expect(loaded).toMatchObject({ state: { cents: 25 }, read: [1] });
  });

  test('beyond the end of the log is not used', async ({ store, pool, loadAfresh }) => {
    guarantee('log-over-snapshot');
    await saveSnapshot(store, 'beyond');
    await pool.query('alter table leftfold.events disable trigger user');
    await pool.query(
      `delete from leftfold.events where stream_id = 'account-beyond' and stream_version > 20`,
    );
    await pool.query('alter table leftfold.events enable trigger user');
    expect(await loadAfresh('beyond')).toMatchObject({
      state: { cents: 20 },
      streamVersion: 20,
      read: [1],
    });
  });

  test('of another event of its stream is not used', async ({ store, pool, loadAfresh }) => {
    guarantee('log-over-snapshot');
    await saveSnapshot(store, 'moved');
    await pool.query(
      `update leftfold.snapshots set position = position - 1 where stream_id = 'account-moved'`,
    );
    expect(await loadAfresh('moved')).toMatchObject({ state: { cents: 25 }, read: [1] });
  });

  test('that was edited is not used, and reported', async ({ store, pool, loadAfresh }) => {
    await saveSnapshot(store, 'edited');
    await pool.query(
      `update leftfold.snapshots set state = jsonb_set(state, '{json}', to_jsonb(replace(state ->> 'json', '25', '99')))
        where stream_id = 'account-edited'`,
    );
    const loaded = await loadAfresh('edited');
    expect(loaded).toMatchObject({ state: { cents: 25 }, read: [1] });
    expect(loaded.errors).toEqual([
      expect.objectContaining({ message: expect.stringContaining('"account-edited"') }),
    ]);
  });

  test('that cannot be read or written does not fail the command', async ({ store }) => {
    const broken = {
      loadSnapshot: () => Promise.reject(new Error('no snapshots today')),
      saveSnapshot: () => Promise.reject(new Error('nor tomorrow')),
    };
    const errors: string[] = [];
    const bank = createCommandExecutor({
      store,
      aggregates: [saver],
      snapshots: broken,
      onSnapshotError: (error, owner) => errors.push(`${owner.streamId}: ${String(error)}`),
    });
    await store.append('account-broken', deposits(12));
    expect(await bank.execute(saver.command.deposit('broken', { cents: 1 }))).toMatchObject({
      outcome: 'accepted',
    });
    await bank.close();
    expect(errors).toEqual([
      'account-broken: Error: no snapshots today',
      'account-broken: Error: nor tomorrow',
    ]);
  });

  test('whose callback rejects is a warning, and ends no process', async ({ store }) => {
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const onSnapshotError = (): unknown => Promise.reject(new Error('nor told'));
    const bank = createCommandExecutor({
      store,
      aggregates: [saver],
      snapshots: { loadSnapshot: () => Promise.reject(new Error('lost')), saveSnapshot: async () => {} },
      onSnapshotError,
    });
    await bank.load(saver, 'untold');
    await bank.close();
    await expect.poll(() => warnings).toContain('snapshot of stream "account-untold": nor told');
  });

  test('of a state that JSON would change is not written, and reported', async ({ store }) => {
    const errors: unknown[] = [];
    const dated = { ...saver, initialState: { at: new Date(0) }, evolve: () => ({ at: new Date(1) }) };
    const bank = createCommandExecutor({
      store,
      aggregates: [dated],
      snapshots: store,
      onSnapshotError: (error) => errors.push(error),
    });
    await store.append('account-dated', deposits(12));
    await bank.load(dated, 'dated');
    await bank.close();
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringContaining('does not survive JSON') }),
    ]);
    const { rowCount } = await store.pool.query(
      `select from leftfold.snapshots where stream_id = 'account-dated'`,
    );
    expect(rowCount).toBe(0);
  });

  test('does not delay the command', async ({ store }) => {
    let finish = () => {};
    const written = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = { loadSnapshot: async () => undefined, saveSnapshot: () => written };
    const bank = createCommandExecutor({ store, aggregates: [saver], snapshots: slow });
    await store.append('account-slow', deposits(12));
    await bank.execute(saver.command.deposit('slow', { cents: 1 }));
    const closing = bank.close();
    const first = await Promise.race([
      closing.then(() => 'closed'),
      store.highWaterMark().then(() => 'still writing'),
    ]);
    expect(first).toBe('still writing');
    finish();
    await closing;
  });
});
