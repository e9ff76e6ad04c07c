import { opened } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { Notifier, type StatementRunner } from '@leftfold/postgres';
import { expect } from 'vitest';
import { HighWaterWatch } from '../src/high-water/high-water-watch.ts';
import { KnownEvents } from '../src/lineage/known-events.ts';
import { LogMemory } from '../src/lineage/log-memory.ts';
import { openStore, test } from './store-test.ts';

const memoryOn = (run: StatementRunner, onRewound = () => {}) =>
  new LogMemory({ run, schema: 'leftfold', onRewound });

test('an address that leads to two logs in turn is refused, and not asked for ever', async ({
  store,
  ownDatabase,
}) => {
  await using another = openStore(ownDatabase.connectionString);
  await another.append('account-1', [opened]);
  let requests = 0;
  const run: StatementRunner = (statement) => {
    requests += 1;
    return (requests % 2 === 0 ? store : another).run(statement);
  };
  const notifier = new Notifier({ pool: store.pool, channel: 'none', listen: false });
  const watch = new HighWaterWatch(run, 'leftfold', notifier, memoryOn(run));
  expect(await failureOf(watch.now())).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  expect(requests).toBe(20);
});

test('an answer to a question of an earlier era is not remembered', async ({ store }) => {
  let rewound = 0;
  const memory = memoryOn(store.run, () => {
    rewound += 1;
  });
  memory.remember(0, [{ position: 1_000, id: 'lost' }]);
  await memory.check();
  expect(memory.era).toBe(1);
  memory.remember(0, [{ position: 1_001, id: 'lost as well' }]);
  await memory.check();
  expect(memory.era).toBe(1);
  expect(rewound).toBe(1);
});

test('an event in place of a lost one does not hide that it was lost', async ({ store }) => {
  const { position, events } = await store.append('account-replaced', [opened]);
  const memory = memoryOn(store.run);
  memory.remember(0, [{ position, id: 'lost' }]);
  // A reader that does not know yet that the log has gone back.
  memory.remember(0, events);
  await memory.check();
  expect(memory.era).toBe(1);
});

test('a position that was seen needs no request, and a later one asks the log', async ({ store }) => {
  const { position, events } = await store.append('account-reached', [opened]);
  let requests = 0;
  const memory = memoryOn((statement) => {
    requests += 1;
    return store.run(statement);
  });
  memory.remember(0, events);
  await memory.assertReaches(position);
  expect(requests).toBe(0);
  const beyond = failureOf(memory.assertReaches(position + 1_000));
  expect(await beyond).toMatchObject({ code: 'LOG_REWOUND', lostFrom: position + 1_000 });
});

test('the highest position is that of the events that are known', () => {
  const known = new KnownEvents();
  expect(known.highest).toBe(0);
  for (let position = 3_000; position > 1_000; position -= 1) known.add(position, String(position));
  expect(known.highest).toBe(3_000);
  expect(known.idByPosition.has(3_000)).toBe(true);
  known.clear();
  known.add(7, '7');
  expect(known.highest).toBe(7);
});
