import { tokenOf } from '@leftfold/core';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { RunningRelease } from './rolling/running-release.ts';

/** Two processes, each of which runs one release of the app, on a database of the test's own. */
const test = databaseTest()
  .extend('old', { scope: 'file' }, async ({}, fixture) =>
    disposeAfter(fixture, await RunningRelease.fork('old')),
  )
  .extend('fresh', { scope: 'file' }, async ({}, fixture) =>
    disposeAfter(fixture, await RunningRelease.fork('fresh')),
  )
  .extend('url', ({ ownDatabase, old, fresh }, { onCleanup }) => {
    onCleanup(async () => {
      await Promise.all([old.stop(), fresh.stop()]);
    });
    return ownDatabase.connectionString;
  });

const unknownEvent = { code: 'UNKNOWN_EVENT', retryable: false };

/** Resolves when the process applies the events of a projection. */
async function leads(release: RunningRelease, projection = 'balances'): Promise<void> {
  await until(
    async () =>
      (await release.status()).some(
        ({ name, owner }) => name === projection && owner?.startsWith(release.name) === true,
      ),
    { message: `${release.name} to lead ${projection}` },
  );
}

/** Commands to both releases at once, each of which has to be accepted. */
async function trade(releases: readonly RunningRelease[], deposits = 5): Promise<void> {
  await Promise.all(
    releases.map(async (release) => {
      for (let number = 1; number <= deposits; number += 1) {
        await release.execute('deposit', 'shared', { cents: number });
        await release.execute('deposit', release.name, { cents: number });
      }
    }),
  );
}

/** Every acknowledged event is in the log, and the rows of a projection are the fold of the log. */
async function assertNothingLost(
  pool: pg.Pool,
  releases: readonly RunningRelease[],
  versions: readonly number[] = [1],
): Promise<void> {
  const { rows } = await pool.query<{ position: string; id: string }>(
    'select position, event_id as id from leftfold.events',
  );
  const tokens = new Set(rows.map(({ position, id }) => tokenOf({ position: Number(position), id })));
  const acknowledged = releases.flatMap((release) => release.acknowledged);
  expect(acknowledged.filter((token) => !tokens.has(token))).toEqual([]);
  expect(tokens.size).toBe(new Set(acknowledged).size);
  const { rows: folded } = await pool.query(`
    select stream_id as account_id,
           coalesce(max(coalesce(data ->> 'owner', data ->> 'name')), '') as owner,
           coalesce(sum((data ->> 'cents')::bigint) filter (where type = 'account.deposited'), 0)::text as cents
      from leftfold.events
     group by stream_id order by stream_id`);
  for (const version of versions) {
    const { rows: balances } = await pool.query(
      `select account_id, owner, cents from leftfold__balances_v${version}.balances order by account_id`,
    );
    expect(balances, `version ${version}`).toEqual(folded);
  }
}

// The first test also starts the processes.
describe('events', { timeout: 90_000 }, () => {
  test('a new event type', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await leads(old);
    await fresh.start('new event type', url);
    await trade([old, fresh]);
    const { token } = await fresh.execute('withdraw', 'shared', { cents: 3 });

    // The old release goes on: it skips the event where it does not read its type.
    await old.waitFor('balances', token);
    expect(await old.stateOf('balances')).toBe('running');
    expect(await fresh.query('withdrawals', { atLeast: token })).toMatchObject([{ cents: 3 }]);
    // It cannot decide on a stream that has the event, and says why; on others it can.
    const refused = old.execute('deposit', 'shared', { cents: 1 });
    await expect(refused).rejects.toMatchObject(unknownEvent);
    await expect(refused).rejects.toThrow(
      /event type "account\.withdrawn" at position \d+ is unknown here; if a newer release wrote it, deploy that release/,
    );
    await old.execute('deposit', 'old', { cents: 1 });
    await fresh.execute('deposit', 'shared', { cents: 1 });

    await old.stop();
    await leads(fresh);
    await fresh.whenCaughtUp('balances');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('a new schema version, read and written at once', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await leads(old);
    await fresh.start('version 2 is written', url);
    await old.execute('open', 'first', { name: 'Ada' });
    await trade([old, fresh]);
    const { token } = await fresh.execute('open', 'second', { name: 'Eve' });

    // Whoever leads, the new release applies the event in the end; a client of the old one waits for it.
    await old.waitFor('balances', token);
    expect(await old.query('balances', { atLeast: token })).toContainEqual({
      account_id: 'account-second',
      owner: 'Eve',
      cents: 0,
    });
    await leads(fresh);
    expect(await old.incidents()).toMatchObject([{ code: 'RELEASE_OUTDATED' }]);
    await expect(old.execute('deposit', 'second', { cents: 1 })).rejects.toMatchObject(unknownEvent);
    await trade([old, fresh]);

    await fresh.whenCaughtUp('balances');
    expect(await fresh.stateOf('balances')).toBe('running');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('a new schema version, read by one release and written by the next', async ({
    old,
    fresh,
    url,
    ownPool,
  }) => {
    guarantee('readers-first');
    await old.start('plain', url);
    await leads(old);
    await fresh.start('version 2 is read', url);
    const { events } = await fresh.execute('open', 'first', { name: 'Ada' });
    expect(events).toMatchObject([{ schemaVersion: 2, data: { owner: 'Ada' } }]);
    await trade([old, fresh]);
    await old.execute('deposit', 'first', { cents: 1 });
    expect(await old.stateOf('balances')).toBe('running');
    expect([...(await old.incidents()), ...(await fresh.incidents())]).toEqual([]);
    const before = [...old.acknowledged];

    await old.stop();
    await old.start('version 2 is written', url);
    const { token } = await old.execute('open', 'second', { name: 'Eve' });
    await trade([old, fresh]);
    await fresh.execute('deposit', 'second', { cents: 1 });
    expect(await fresh.query('balances', { atLeast: token })).toContainEqual(
      expect.objectContaining({ account_id: 'account-second', owner: 'Eve' }),
    );
    await fresh.whenCaughtUp('balances');
    expect([...(await old.incidents()), ...(await fresh.incidents())]).toEqual([]);
    old.acknowledged.push(...before);
    await assertNothingLost(ownPool, [old, fresh]);
  });
});

describe('corrections', () => {
  test('a corrected upcast', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await fresh.start('plain', url);
    await fresh.execute('open', 'first', { name: 'Ada' });
    const before = [...fresh.acknowledged];
    await fresh.stop();

    await old.start('wrong upcast', url);
    await old.reset('balances'); // the other release may have applied the event already
    await until(async () => (await old.stateOf('balances')) === 'stopped');
    await expect(old.whenCaughtUp('balances')).rejects.toMatchObject({ code: 'SUBSCRIPTION_FAILED' });
    await expect(old.execute('deposit', 'first', { cents: 1 })).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      retryable: false,
    });
    await fresh.start('version 2 is written', url);
    await fresh.whenCaughtUp('balances');
    await fresh.execute('deposit', 'first', { cents: 1 });
    await old.execute('deposit', 'second', { cents: 1 });
    await old.whenCaughtUp('balances');
    expect(await old.stateOf('balances')).toBe('running');
    fresh.acknowledged.push(...before);
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('a corrected handler', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('wrong handler', url);
    const { token } = await old.execute('deposit', 'unlucky', { cents: 13 });
    await expect(old.waitFor('balances', token)).rejects.toMatchObject({ code: 'SUBSCRIPTION_FAILED' });
    await fresh.start('plain', url);
    await trade([old, fresh]);
    await fresh.waitFor('balances', token);
    expect(await fresh.stateOf('balances')).toBe('running');
    // Nothing has to be resumed: a wait in the old release succeeds as well.
    await old.waitFor('balances', token);
    await fresh.whenCaughtUp('balances');
    await assertNothingLost(ownPool, [old, fresh]);
  });
});

describe('projections', () => {
  test('a handler added under the same version', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('handler missing', url);
    await leads(old);
    await fresh.start('plain', url);
    await fresh.execute('open', 'first', { name: 'Ada' });
    await trade([old, fresh]);

    const mismatch = { code: 'SUBSCRIPTION_MISMATCH', retryable: false };
    await expect(fresh.query('balances')).rejects.toMatchObject(mismatch);
    await until(async () => (await fresh.incidents()).length > 0);
    expect(await fresh.incidents()).toMatchObject([mismatch]);
    expect(await fresh.stateOf('balances')).toBe('mismatched');
    expect(await old.stateOf('balances')).toBe('running');
    await old.whenCaughtUp('balances');
    expect(await old.query('balances')).toContainEqual(
      expect.objectContaining({ account_id: 'account-shared', cents: 30 }),
    );

    await old.stop();
    await fresh.reset('balances');
    await fresh.whenCaughtUp('balances');
    expect(await fresh.stateOf('balances')).toBe('running');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('a raised version', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await old.execute('open', 'first', { name: 'Ada' });
    await trade([old]);
    await fresh.start('projection version 2', url);
    // Never rows of a version that is not complete.
    expect(await fresh.query('balances')).toHaveLength(3);
    await trade([old, fresh]);
    const { token } = await fresh.execute('deposit', 'first', { cents: 7 });
    for (const release of [old, fresh]) {
      expect(await release.query('balances', { atLeast: token })).toContainEqual({
        account_id: 'account-first',
        owner: 'Ada',
        cents: 7,
      });
    }
    await Promise.all([old.whenCaughtUp('balances'), fresh.whenCaughtUp('balances')]);
    await assertNothingLost(ownPool, [old, fresh], [1, 2]);
  });

  test('a raised version, with the old version kept beside it', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await trade([old]);
    await fresh.start('projection versions 1 and 2', url);
    const { token } = await fresh.execute('deposit', 'first', { cents: 7 });
    expect(await fresh.query('balances', { atLeast: token })).toHaveLength(3);
    const before = [...old.acknowledged];
    await old.stop();
    await trade([fresh]);
    // Rolled back: the old version has everything.
    const { token: last } = await fresh.execute('deposit', 'first', { cents: 1 });
    await until(async () => (await fresh.status()).every(({ lag }) => lag === 0));
    await fresh.stop();
    await old.start('plain', url);
    expect(await old.query('balances', { atLeast: last })).toContainEqual(
      expect.objectContaining({ account_id: 'account-first', cents: 8 }),
    );
    old.acknowledged.push(...before);
    await assertNothingLost(ownPool, [old, fresh], [1, 2]);
  });
});

describe('the tables of the framework', () => {
  test('are migrated by the new release: an old process goes on, and is not started again', async ({
    old,
    fresh,
    url,
    ownPool,
  }) => {
    guarantee('newer-schema');
    await old.start('plain', url);
    await ownPool.query(`
      insert into leftfold.migrations (component, number, name, checksum)
      select component, max(number) + 1, 'of a newer release', '' from leftfold.migrations group by component`);
    await trade([old]);
    await old.whenCaughtUp('balances');
    await expect(fresh.start('plain', url)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      retryable: false,
      message: expect.stringContaining('a newer release has migrated it; start that release here'),
    });
    await assertNothingLost(ownPool, [old]);
  });
});

describe('inline projections', () => {
  /** Reads without a token what was just appended. */
  async function assertInline(release: RunningRelease, projection: string): Promise<void> {
    await until(async () => (await release.stateOf(projection)) === 'inline', {
      message: `${projection} to be inline`,
    });
    await release.execute('deposit', 'inline', { cents: 1 });
    expect(await release.query(projection)).toContainEqual(
      expect.objectContaining({ account_id: 'account-inline' }),
    );
  }

  /** With an append of the old release, the new one reads it by its token: the projection is behind, and not wrong. */
  async function assertReadsAppendOf(other: RunningRelease, release: RunningRelease, projection: string) {
    const { token } = await other.execute('deposit', `by-${other.name}`, { cents: 5 });
    expect(await release.query(projection, { atLeast: token })).toContainEqual(
      expect.objectContaining({ account_id: `account-by-${other.name}`, cents: 5 }),
    );
  }

  test('a new one', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await trade([old]);
    await fresh.start('inline projection added', url);
    await assertInline(fresh, 'deposits');
    await assertReadsAppendOf(old, fresh, 'deposits');
    expect((await fresh.incidents()).map(({ code }) => code)).toContain('PROJECTION_NOT_INLINE');
    await trade([old, fresh]);

    await old.stop();
    await assertInline(fresh, 'deposits');
    const { rows } = await ownPool.query(
      `select account_id, cents from leftfold__deposits_v1.deposits order by account_id`,
    );
    const { rows: expected } = await ownPool.query(`
      select stream_id as account_id, sum((data ->> 'cents')::bigint)::text as cents
        from leftfold.events where type = 'account.deposited' group by stream_id order by stream_id`);
    expect(rows).toEqual(expected);
    await fresh.whenCaughtUp('balances');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('from asynchronous to inline', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await leads(old);
    await trade([old]);
    await fresh.start('inline', url);
    await assertInline(fresh, 'balances');
    await assertReadsAppendOf(old, fresh, 'balances');
    await trade([old, fresh]);
    await assertReadsAppendOf(fresh, old, 'balances');

    await old.stop();
    await assertInline(fresh, 'balances');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('from inline to asynchronous', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('inline', url);
    await assertInline(old, 'balances');
    await fresh.start('plain', url);
    await assertReadsAppendOf(fresh, old, 'balances');
    await trade([old, fresh]);

    await old.stop();
    await leads(fresh);
    await fresh.whenCaughtUp('balances');
    expect(await fresh.stateOf('balances')).toBe('running');
    await assertNothingLost(ownPool, [old, fresh]);
  });

  test('a raised version', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('inline', url);
    await assertInline(old, 'balances');
    await fresh.start('inline, version 2', url);
    await assertInline(fresh, 'balances');
    await assertReadsAppendOf(old, fresh, 'balances');
    await trade([old, fresh]);
    const { token } = await fresh.execute('deposit', 'last', { cents: 1 });
    await old.waitFor('balances', token);

    await old.stop();
    await assertInline(fresh, 'balances');
    await assertNothingLost(ownPool, [old, fresh], [2]);
  });
});

describe('commands', () => {
  test('a renamed command', async ({ old, fresh, url, ownPool }) => {
    guarantee('rolling-releases');
    await old.start('plain', url);
    await fresh.start('renamed command', url);
    const unknownCommand = { code: 'UNKNOWN_COMMAND', retryable: false };
    await expect(fresh.execute('deposit', 'a', { cents: 1 })).rejects.toMatchObject(unknownCommand);
    await expect(old.execute('payIn', 'a', { cents: 1 })).rejects.toMatchObject(unknownCommand);
    await Promise.all([old.execute('deposit', 'a', { cents: 1 }), fresh.execute('payIn', 'a', { cents: 2 })]);
    const { token } = await fresh.execute('payIn', 'a', { cents: 4 });
    expect(await old.query('balances', { atLeast: token })).toMatchObject([{ cents: 7 }]);
    await assertNothingLost(ownPool, [old, fresh]);
  });
});
