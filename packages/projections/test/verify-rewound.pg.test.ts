import { defineProjection } from '@leftfold/core';
import { accountEvents, deposited } from '@leftfold/testbed/bank';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { expect, vi } from 'vitest';
import { ProjectionAudit } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, openStore } from './runner.ts';

test.for(['verify', 'rebuild'] as const)(
  '%s ends when the log goes back meanwhile, says so, and reports no difference',
  async (call, { ownDatabase }) => {
    guarantee('log-went-back');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const gate = new Gate();
    let holding = false;
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position, data }) => {
          if (holding && data.cents === 5) await gate.pass();
          await tx.insertInto('entry').values({ position, cents: data.cents }).execute();
        },
      },
    });
    const { connectionString } = ownDatabase;
    await using store = await freshStore(ownDatabase);
    await using other = openStore(connectionString, { schema: store.schema });
    await using runner = createTestRunner(store, [held]);
    await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
    await runner.start();
    for (const cents of [1, 2, 3]) await store.append('account-1', [deposited(cents)]);
    await runner.whenCaughtUp(held);
    const backup = await backUpDatabase(connectionString);
    await other.append('account-1', [4, 5, 6].map(deposited));
    await runner.whenCaughtUp(held);
    holding = true;
    const calls = {
      verify: () => audit.verify(held),
      rebuild: () => runner.rebuild(held),
    };
    const failure = failureOf(calls[call]());
    await gate.reached();
    await backup.restore();
    await other.append('account-2', [7, 8].map(deposited));
    gate.open();
    expect(await failure).toMatchObject({ code: call === 'rebuild' ? 'REBUILD_DROPPED' : 'LOG_REWOUND' });
    holding = false;
    await runner.whenCaughtUp(held, { timeoutMs: 20_000 });
    expect(await audit.verify(held)).toMatchObject({ equal: true, rows: 5 });
    expect(warn).toHaveBeenCalled();
    warn.mockRestore();
  },
);
