import { account, balances } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { inlineBalances, projections, test } from './role-test.ts';

describe('with the rights of the script', () => {
  test('a projector verifies, repairs, rebuilds and looks at the past', async ({ app, projector, as }) => {
    guarantee('least-privilege');
    const { token } = await app.execute(account.command.deposit('1', { cents: 7 }));
    await app.execute(account.command.deposit('1', { cents: 5 }));
    for (const projection of projections) {
      const table = `leftfold__${projection.name}_v1.${projection.name}`;
      await projector.projections.whenCaughtUp(projection);
      await as('superuser', `update ${table} set cents = 1000`, { keep: true });
      expect(await projector.projections.verify(projection)).toMatchObject({ equal: false, different: 1 });
      expect(await projector.projections.repair(projection)).toMatchObject({ repaired: 1 });
      expect(await projector.projections.verify(projection)).toMatchObject({ equal: true });
      await using past = await projector.projections.asOf(projection, { position: 1 });
      expect(await past.query().execute()).toMatchObject([{ cents: 7 }]);
      await projector.projections.rebuild(projection);
      await projector.projections.dropRebuild(projection);
    }
    expect(await app.query(balances, { atLeast: token }).execute()).toMatchObject([{ cents: 12 }]);
    expect(await app.query(inlineBalances).execute()).toMatchObject([{ cents: 12 }]);
  });

  test.for(['app', 'reader', 'operator'] as const)(
    'a role of kind %s may not, and is told what to grant',
    async (kind, { logins, as }) => {
      await using other = await createApp({
        aggregates: [account],
        projections,
        database: { url: logins.urlOf(kind) },
        subscriptions: { run: false },
      });
      const calls = {
        verify: () => other.projections.verify(balances),
        repair: () => other.projections.repair(inlineBalances),
        asOf: () => other.projections.asOf(balances, { position: 0 }),
        rebuild: () => other.projections.rebuild(balances),
        reset: () => other.projections.reset(balances),
      };
      for (const [name, call] of Object.entries(calls))
        expect(await failureOf(call()), name).toMatchObject({
          code: 'MISSING_RIGHTS',
          message: expect.stringMatching(/^permission denied for function _\w+; .*rightsScript/),
        });
      const left = `select from pg_namespace where nspname ~ '^leftfold__([0-9a-f]{16}|.*_c[0-9]+)$'
        union all select from leftfold.subscriptions where name ~ '[+]'`;
      expect(await as('superuser', left)).toEqual([]);
    },
  );
});
