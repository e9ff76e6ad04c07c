import { databaseTest } from '@leftfold/testbed/database';
import { givenEvents, inStream } from '@leftfold/testing';
import { describe, expect } from 'vitest';
import { order, orderEvents } from '../src/domain/order.ts';
import { createMailClient } from '../src/mail/mail-client.ts';
import type { Mail } from '../src/mail/mail.ts';
import { MailServer } from '../src/mail/mail-server.ts';
import { openShop } from '../src/open-shop.ts';
import { confirmationsBy } from '../src/reactions/confirmations.ts';

/** A mail server, and the address of a database for each test. */
const test = databaseTest()
  .extend('mails', async ({}, { onCleanup }) => {
    const mails = await MailServer.start();
    onCleanup(() => mails[Symbol.asyncDispose]());
    return mails;
  })
  .extend('url', ({ ownDatabase }) => ownDatabase.connectionString);

type Shop = Awaited<ReturnType<typeof openShop>>;
const whenCaughtUp = ({ app, confirmations }: Shop) =>
  app.reactions.whenCaughtUp(confirmations, { timeoutMs: 20_000 });
const place = ({ app }: Shop, id: string) =>
  app.execute(order.command.place(id, { email: `${id}@example.com` }));
const recipients = (mails: MailServer) => [...mails.sent.values()].map(({ to }) => to).toSorted();

describe('the reaction by itself', () => {
  const events = [inStream(order.streamId('o-1'), orderEvents.create.placed({ email: 'ada@example.com' }))];

  test('sends a mail, and then confirms the order', async () => {
    const sent: Mail[] = [];
    const reaction = confirmationsBy(async (mail) => void sent.push(mail));
    const reacted = await givenEvents(events).react(reaction);
    expect(sent).toMatchObject([{ to: 'ada@example.com', subject: 'Order o-1' }]);
    reacted.thenCommands([order.command.confirm('o-1', {})]);
  });

  test('confirms nothing when the mail cannot be sent', async () => {
    const reaction = confirmationsBy(() => Promise.reject(new Error('the server is busy')));
    await expect(givenEvents(events).react(reaction)).rejects.toThrow('the server is busy');
  });
});

describe('each order gets one mail', { timeout: 60_000 }, () => {
  test('when the server is busy, and when its answers are lost', async ({ mails, url }) => {
    const shop = await openShop(createMailClient(mails.url), url);
    await using _app = shop.app;
    const replies = ['busy', 'sent-without-an-answer', 'sent-without-an-answer', 'busy'] as const;
    mails.reply = () => replies[mails.requests - 1] ?? 'sent';
    await place(shop, 'ada');
    await place(shop, 'bob');
    await whenCaughtUp(shop);
    expect(recipients(mails)).toEqual(['ada@example.com', 'bob@example.com']);
    expect(mails.requests).toBe(6);
    expect((await shop.app.load(order, 'ada')).state).toEqual({ status: 'confirmed' });
    expect((await shop.app.load(order, 'ada')).streamVersion).toBe(2);
  });

  test('from several processes', async ({ mails, url }) => {
    const shop = await openShop(createMailClient(mails.url), url);
    await using _first = shop.app;
    const other = await openShop(createMailClient(mails.url), url);
    await using _second = other.app;
    const ids = Array.from({ length: 20 }, (_, index) => `customer-${index}`);
    await Promise.all(ids.map((id, index) => place(index % 2 === 0 ? shop : other, id)));
    await whenCaughtUp(shop);
    expect(recipients(mails)).toEqual(ids.map((id) => `${id}@example.com`).toSorted());
  });

  test('when its reaction starts over', async ({ mails, url }) => {
    const shop = await openShop(createMailClient(mails.url), url);
    await using _app = shop.app;
    await place(shop, 'ada');
    await whenCaughtUp(shop);
    await shop.app.reactions.reset(shop.confirmations, { repeatEffects: true });
    await whenCaughtUp(shop);
    expect(mails.requests).toBe(2);
    expect(recipients(mails)).toEqual(['ada@example.com']);
    expect((await shop.app.load(order, 'ada')).streamVersion).toBe(2);
  });

  test('that cannot be sent is parked, without holding up others', async ({ mails, url }) => {
    const shop = await openShop(createMailClient(mails.url), url);
    await using _app = shop.app;
    const { app, confirmations } = shop;
    mails.reply = ({ to }) => (to.startsWith('ada') ? 'busy' : 'sent');
    await place(shop, 'ada');
    await place(shop, 'bob');
    await app.reactions.waitFor(confirmations, (await place(shop, 'carol')).token, { timeoutMs: 20_000 });
    expect(recipients(mails)).not.toContain('ada@example.com');
    expect(await app.reactions.status()).toMatchObject([
      { state: 'running', parked: { keys: 1, events: 1 } },
    ]);
    mails.reply = () => 'sent';
    await app.reactions.parked.resumeAll(confirmations);
    await whenCaughtUp(shop);
    expect(recipients(mails)).toContain('ada@example.com');
  });
});
