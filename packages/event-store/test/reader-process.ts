import { setTimeout as delay } from 'node:timers/promises';
import { accountEvents } from '@leftfold/testbed/bank';
import { createEventStore } from '../src/index.ts';

// Reads everything in one of the ways there are, in a process of its own with little memory.
const [connectionString = '', way = '', count = '0'] = process.argv.slice(2);
await using store = createEventStore({ connectionString, events: [accountEvents] });
const ways: Readonly<Record<string, () => AsyncIterable<unknown>>> = {
  readStream: () => store.readStream('account-large'),
  backwards: () => store.readStream('account-large', { backwards: true }),
  readAll: () => store.readAll(),
  filtered: () => store.readAll({ filter: { category: 'account', tags: ['large:1'] } }),
  subscribe: () => store.subscribe(),
};
let read = 0;
for await (const _ of ways[way]!()) {
  read += 1;
  if (way === 'subscribe') await delay(5); // pages pile up if they can
  if (read === Number(count)) break;
}
process.stdout.write(String(read));
