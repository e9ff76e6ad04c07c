import { defineRelay, type OutgoingMessage, type Transport } from '@leftfold/messaging';
import { account, accountEvents } from '@leftfold/testbed/bank';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { expect } from 'vitest';
import { z } from 'zod';
import { accepted, createApp, defineEvents, defineReaction } from '../src/index.ts';

const test = databaseTest().extend('logins', async ({ ownDatabase }, fixture) =>
  disposeAfter(fixture, await createRoleLogins(ownDatabase)),
);

const openings = defineEvents('openings', { opened: z.object({ of: z.string() }) });

function relayTo(published: OutgoingMessage[]) {
  const transport: Transport = {
    name: 'list',
    openPublisher: async () => ({
      publish: async (messages) => {
        published.push(...messages);
        return messages.map(() => undefined);
      },
      check: async () => {},
      close: async () => {},
    }),
    openReceiver: () => Promise.reject(new Error('nothing is received here')),
  };
  return defineRelay({
    name: 'openings-out',
    source: '/bank/openings',
    events: [accountEvents],
    publishes: [openings],
    map: { 'account.opened': ({ streamId }) => openings.create.opened({ of: streamId }) },
    transport,
  });
}

test('an app publishes by its relays, with the rights of the script', async ({ logins }) => {
  const published: OutgoingMessage[] = [];
  const relay = relayTo(published);
  await logins.migrate();
  await using app = await createApp({
    aggregates: [account],
    relays: [relay],
    database: { url: logins.urlOf('owner') },
    subscriptions: { run: false },
  });
  await using running = await createApp({
    aggregates: [account],
    relays: [relay],
    database: { url: logins.urlOf('process') },
  });
  const { token, events } = accepted(await running.execute(account.command.open('ada', { owner: 'Ada' })));
  await app.relays.waitFor(relay, token);
  expect(published).toMatchObject([{ id: events[0]?.id, key: 'account-ada' }]);
  expect((await running.status()).relays).toMatchObject([
    { name: 'openings-out', state: 'running', transport: { ok: true } },
  ]);
  expect((await running.health()).checks).toContainEqual(
    expect.objectContaining({ name: 'relay openings-out', ok: true }),
  );
  await running.relays.rewind(relay, { position: 0 });
  await running.relays.whenCaughtUp(relay);
  expect(published).toHaveLength(2);
});

test('a relay has another name than each projection and reaction', async () => {
  const relay = relayTo([]);
  const reaction = defineReaction({
    name: 'openings-out',
    events: [accountEvents],
    on: { 'account.opened': async () => {} },
  });
  const failure = await failureOf(
    createApp({
      aggregates: [account],
      relays: [relay],
      reactions: [reaction],
      database: { url: 'postgres://x' },
    }),
  );
  expect(failure).toMatchObject({ code: 'DUPLICATE_DEFINITION' });
  const noRelay = await failureOf(
    createApp({ relays: [{ ...relay, transport: {} } as never], database: { url: 'postgres://x' } }),
  );
  expect(noRelay).toMatchObject({ code: 'INVALID_ARGUMENT' });
});
