import { account, accountEvents } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { accepted, aggregateIdOf, createApp, defineReaction } from '../src/index.ts';

const test = databaseTest();

test('a reaction executes its commands once, however often its event is processed', async ({ database }) => {
  guarantee('commands-of-reactions-once');
  const duplicates: boolean[] = [];
  const bonus = defineReaction({
    name: 'bonus',
    events: [accountEvents],
    retry: { attempts: 3, firstDelayMs: 5 },
    on: {
      'account.opened': async ({ streamId }, { execute, attempt }) => {
        const id = aggregateIdOf(streamId);
        for (const cents of [10, 20])
          duplicates.push(accepted(await execute(account.command.deposit(id, { cents }))).duplicate);
        const rejected = await execute(account.command.withdraw(id, { cents: 1_000 }));
        expect(rejected).toMatchObject({ outcome: 'rejected', reason: 'insufficient-funds' });
        expect(() => accepted(rejected)).toThrow('account.withdraw');
        if (attempt < 3) throw new Error('after the commands');
      },
    },
  });
  await using app = await createApp({
    aggregates: [account],
    reactions: [bonus],
    database: { url: database.connectionString },
    subscriptions: { onIncident: () => {} },
  });
  const { token, events } = accepted(await app.execute(account.command.open('ada', { owner: 'Ada' })));
  await app.reactions.waitFor(bonus, token);
  expect((await app.load(account, 'ada')).state).toEqual({ open: true, cents: 30 });
  expect(duplicates).toEqual([false, false, true, true, true, true]);
  const deposits = [];
  for await (const event of app.store.readStream('account-ada'))
    if (event.streamVersion > 1) deposits.push(event);
  // They follow from the event that opened the account.
  expect(deposits.map(({ metadata }) => metadata)).toMatchObject([
    { causationId: events[0]?.id, correlationId: events[0]?.metadata.correlationId },
    { causationId: events[0]?.id },
  ]);
  expect(await app.status()).toMatchObject({ reactions: [{ name: 'bonus', state: 'running' }] });
});
