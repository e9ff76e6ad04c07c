import { rabbitmq } from '@leftfold/messaging-rabbitmq';
import { createApp } from 'leftfold';
import { order, ordersOut } from './order.ts';

const url = process.env['RABBITMQ_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672';
const relay = ordersOut(rabbitmq({ url, exchange: 'orders', consumers: ['billing'] }));
await using app = await createApp({ aggregates: [order], relays: [relay] });

const run = Date.now().toString(36);
for (let line = 1; line <= 10; line += 1) {
  for (const name of ['ada', 'grace', 'barbara'])
    await app.execute(order.command.addLine(`${run}-${name}`, { cents: line * 100 }));
}
await app.relays.whenCaughtUp(relay, { timeoutMs: 20_000 });
process.stdout.write('published 30 messages of 3 orders\n');
