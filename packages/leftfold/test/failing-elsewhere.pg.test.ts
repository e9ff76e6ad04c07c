import { account, accountEvents } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { createApp, defineProjection, type SubscriptionIncident } from '../src/index.ts';
import { test } from './app-test.ts';

test('reads that wait for a projection that fails in another process have its failure as their cause', async ({
  ownDatabase: { connectionString: url },
}) => {
  let fails = true;
  const openings = defineProjection({
    name: 'openings',
    events: [accountEvents],
    tables: { opening: { columns: { account_id: 'text' }, primaryKey: ['account_id'] } },
    on: {
      'account.opened': async (tx, { streamId }) => {
        if (fails) throw new Error('no such rate');
        await tx.insertInto('opening').values({ account_id: streamId }).execute();
      },
    },
  });
  const start = (subscriptions: { readonly run: boolean; readonly leaseMs: number }) =>
    createApp({
      aggregates: [account],
      projections: [openings],
      database: { url },
      subscriptions: {
        ...subscriptions,
        retry: { attempts: 1_000, firstDelayMs: 5, maxDelayMs: 20 },
        onIncident: (incident) => incidents.push(incident),
      },
    });
  const incidents: SubscriptionIncident[] = [];
  await using running = await start({ run: true, leaseMs: 600 });
  await using web = await start({ run: false, leaseMs: 600 });
  const { token } = await web.execute(account.command.open('ada', { owner: 'Ada' }));
  await until(() => incidents.length > 1);

  const timeoutMs = 300;
  const waits = [
    () => web.query(openings, { atLeast: token, timeoutMs }).selectFrom('opening').selectAll().execute(),
    () =>
      web.query(openings, { consistency: 'strong', timeoutMs }).selectFrom('opening').selectAll().execute(),
    () =>
      web.read([openings], { atLeast: token, timeoutMs }, (db) =>
        db.selectFrom('opening').selectAll().execute(),
      ),
    () => web.projections.waitFor(openings, token, { timeoutMs }),
    () => web.projections.whenCaughtUp(openings, { timeoutMs }),
  ];
  const words = /^event "account.opened" at position 1 failed (once|\d+ times): no such rate$/;
  for (const wait of waits)
    expect(await failureOf(wait())).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      cause: { message: expect.stringMatching(words) },
    });
  await until(async () => (await web.projections.status())[0]?.state === 'stalled');
  expect(await web.projections.status()).toMatchObject([
    {
      retrying: expect.stringMatching(words),
      notAdvancing: expect.stringMatching(
        /has not moved for \d+ s, though events wait; event .* no such rate$/,
      ),
    },
  ]);
  fails = false;
  expect(
    await web
      .query(openings, { atLeast: token, timeoutMs: 20_000 })
      .selectFrom('opening')
      .selectAll()
      .execute(),
  ).toEqual([{ account_id: 'account-ada' }]);
  expect(await running.projections.status()).toMatchObject([{ retrying: undefined }]);
});
