import { order } from './domain/order.ts';
import { createMailClient } from './mail/mail-client.ts';
import { MailServer } from './mail/mail-server.ts';
import { openShop } from './open-shop.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

await using mails = await MailServer.start();
// Every second answer is lost: the mail is sent, and its client does not know.
mails.reply = () => (mails.requests % 2 === 1 ? 'sent-without-an-answer' : 'sent');
const { app, confirmations } = await openShop(createMailClient(mails.url));

const run = Date.now().toString(36);
for (const name of ['ada', 'grace', 'barbara']) {
  await app.execute(order.command.place(`${run}-${name}`, { email: `${name}@example.com` }));
}
await app.reactions.whenCaughtUp(confirmations, { timeoutMs: 20_000 });
for (const { to, subject } of mails.sent.values()) print(`to ${to}: ${subject}`);
print(`${mails.requests} requests, ${mails.sent.size} mails`);
await app.close();
