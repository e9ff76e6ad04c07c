import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, vi } from 'vitest';
import type { SubscriptionDefinition, SubscriptionIncident } from '../src/index.ts';
import { advanceCheckpoint } from '../src/sql/checkpoint.ts';
import { markCaughtUp } from '../src/sql/caught-up.ts';
import { stopSubscription } from '../src/sql/failures.ts';
import { markInline } from '../src/sql/inline.ts';
import { releaseLeases, checkLeases } from '../src/sql/leases.ts';
import { rewindCheckpoint } from '../src/sql/reset.ts';
import { toSubscription } from '../src/subscription/subscription-definition.ts';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, entriesOf, freshStore, openStore, recorder } from './recorder.ts';

test('a batch that was read before the log went back is not written after it', async ({ ownDatabase }) => {
  guarantee('log-went-back');
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { connectionString } = ownDatabase;
  await using store = await freshStore(connectionString);
  await using other = openStore(connectionString, { schema: store.schema });
  const gate = new Gate();
  const recording = recorder(store, 'recorder');
  const held: SubscriptionDefinition = {
    ...recording,
    createHandler: (term) => {
      const handler = recording.createHandler(term);
      const prepare: typeof handler.prepare = async (page) => {
        if (page.from === 1) await gate.pass();
        return handler.prepare(page);
      };
      return { ...handler, prepare };
    },
  };
  const incidents: SubscriptionIncident[] = [];
  await using runner = createRunner(store, [held], {
    leaseMs: 60_000,
    onIncident: (incident) => incidents.push(incident),
  });
  await runner.start();
  await store.append('counter-1', [added(1)]);
  await runner.whenCaughtUp(held);
  // The copy has the lease of this term, and the checkpoint where the batch begins.
  const backup = await backUpDatabase(connectionString);
  await store.append('counter-1', [added(2), added(3)]);
  await gate.reached();
  await backup.restore();
  await other.append('counter-1', [added(4), added(5)]);
  gate.open();
  await until(async () => (await amountsOf(store, 'recorder')).length === 3, { message: 'three entries' });
  expect(await amountsOf(store, 'recorder')).toEqual([1, 4, 5]);
  expect(incidents.map(({ error }) => error)).toContainEqual(
    expect.objectContaining({ code: 'LOG_REWOUND' }),
  );
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

test('a checkpoint beyond the end of the log stops its subscription, and the status says why', async ({
  adminStore: store,
}) => {
  guarantee('log-went-back');
  const recording = recorder(store, 'recorder');
  const incidents: SubscriptionIncident[] = [];
  await store.append('counter-1', [added(1)]);
  await using runner = createRunner(store, [recording], {
    onIncident: (incident) => incidents.push(incident),
  });
  await runner.migrate();
  await sql`update ${sql.id(store.schema, 'subscriptions')} set position = 100`.execute(store.db);
  await runner.start();
  await until(() => incidents.some(({ stopped }) => stopped), { message: 'the incident' });
  expect(incidents.at(-1)?.error).toMatchObject({
    code: 'SUBSCRIPTION_FAILED',
    cause: { code: 'LOG_REWOUND', lostFrom: 100, end: 1 },
  });
  expect(await runner.status()).toMatchObject([
    { state: 'stopped', failure: { message: expect.stringContaining('the log went back') } },
  ]);
  await runner.reset(recording);
  await runner.whenCaughtUp(recording);
  expect(await entriesOf(store, 'recorder')).toMatchObject([{ position: 1, amount: 1 }]);
});

describe('what a term writes', () => {
  const failure = { position: 1, type: 'counter.added', message: 'failed', outdated: false, release: '1' };
  const held = { name: 'recorder', version: 1, slice: 0, epoch: 1, owner: 'this', leaseMs: 60_000 };

  test('has no effect with the epoch or owner of another term, or in another lineage', async ({
    adminStore: store,
  }) => {
    const recording = toSubscription(recorder(store, 'recorder'));
    const subscriptions = sql.id(store.schema, 'subscriptions');
    await createRunner(store, [recording.definition]).migrate();
    await store.highWaterMark();
    const row = async () => (await sql`select * from ${subscriptions}`.execute(store.db)).rows[0];
    const writes: Record<string, (lease: typeof held & { lineage: string | undefined }) => Promise<unknown>> =
      {
        advance: (lease) => advanceCheckpoint(store.db, store.schema, { lease, from: 0, to: 1 }),
        inline: (lease) => markInline(store, { lease, from: 0, to: 1 }),
        caughtUp: (lease) => markCaughtUp(store, lease),
        stop: (lease) => stopSubscription(store, lease, failure),
        renew: (lease) => checkLeases(store, { ...lease, runs: [], held: [lease], take: [] }),
        release: (lease) => releaseLeases(store, lease.owner, [lease]),
        rewind: (lease) => rewindCheckpoint(store, recording, { owner: lease.owner, leases: [lease], to: 0 }),
      };
    const { lineage } = store;
    for (const [name, write] of Object.entries(writes)) {
      await sql`update ${subscriptions}
                   set epoch = 1, owner = 'this', position = 0, inline = false, caught_up_at = null,
                       lease_until = 'epoch'`.execute(store.db);
      const before = await row();
      await write({ ...held, lineage, owner: 'another' });
      await write({ ...held, lineage, epoch: 2 });
      // These do not rest on what was read.
      if (!['renew', 'release', 'rewind'].includes(name)) await write({ ...held, lineage: 'another' });
      expect(await row(), name).toEqual(before);
      await write({ ...held, lineage });
      expect(await row(), name).not.toEqual(before);
    }
  });
});
