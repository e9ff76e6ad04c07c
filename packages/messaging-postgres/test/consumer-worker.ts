// A process of its own that handles orders, and stays for ever in the transaction of one of them.
import { createShipping } from './order-messages.ts';

const { WORKER_DATABASE: url = '', WORKER_STAYS_AT: staysAt } = process.env;
const consumer = createShipping(url, async (amount) => {
  if (amount !== Number(staysAt)) return;
  process.send?.('stays');
  await new Promise(() => {});
});
await consumer.start();
