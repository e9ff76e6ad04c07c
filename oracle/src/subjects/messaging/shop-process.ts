import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import type { SubscriptionBatchTrace } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { createRelayRunner } from '@leftfold/messaging';
import { Journal, readJournal } from '../../journal.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { CrashPoints, relayCrashes } from './crash-points.ts';
import { oneLine, startDespiteOutages, tryOnce, untilAborted } from './despite-outages.ts';
import { LEASE_MS, ORDERS, orderEvents, ordersOut } from './orders.ts';
import { killsOf, type MessagingTask, type Order } from './task.ts';
import { toTransport } from './transports.ts';
import { withUnrulyPublisher } from './unruly-publisher.ts';

export interface ShopTask extends MessagingTask {
  /** Events that all processes append together, evenly, in that time; they go on at this rate. */
  readonly events: number;
  readonly appendingMs: number;
  /** By the clock, in milliseconds. */
  readonly startedAt: number;
  /** The control: the checkpoint moves before the publish. */
  readonly confirmsFirst: boolean;
}

const MOST_IN_APPEND = 20;

const task = receiveTask<ShopTask>();
const random = new Random(task.seed, `shop ${task.name} ${task.generation}`);
using journal = new Journal(task.journal);
const before = killsOf(readJournal(task.journal));
const crashes = new CrashPoints({
  points: relayCrashes,
  first: task.firstPoint,
  random,
  journal,
  before,
  afterMs: task.killedAfterMs,
});
let doing: Order['do'] = 'work';

const store = createEventStore({ connectionString: task.url, events: [orderEvents], answerTimeoutMs: 4_000 });
const transport = withUnrulyPublisher(await toTransport(task.broker), {
  crashes,
  random,
  isUnruly: () => doing === 'work',
  confirmsFirst: task.confirmsFirst,
});
subscribe('tracing:leftfold:subscription.batch:asyncEnd', (message) => {
  if ((message as SubscriptionBatchTrace).applied === true) crashes.pass('after the checkpoint');
});

function createRunner() {
  return createRelayRunner({
    store,
    relays: [ordersOut(transport)],
    owner: `${task.name}.${task.generation}`,
    leaseMs: LEASE_MS,
    batchTimeoutMs: 10_000,
    stopTimeoutMs: 3_000,
    retry: { firstDelayMs: 20, maxDelayMs: 200 },
    onIncident: ({ error }) => journal.write('incident', oneLine(error)),
  });
}

/** As many events as there should be by now, so that killed processes are made up for. */
async function appendSome(): Promise<void> {
  const { rows } = await store.pool.query<{ count: number }>(
    'select count(*)::integer as count from leftfold.events',
  );
  const wanted = (task.events * (Date.now() - task.startedAt)) / task.appendingMs;
  const missing = Math.floor(wanted) - (rows[0]?.count ?? 0);
  if (missing <= 0) {
    await delay(20);
    return;
  }
  const events = Array.from({ length: random.between(1, Math.min(missing, MOST_IN_APPEND)) }, () =>
    orderEvents.create.placed({ cents: random.between(1, 100_000) }),
  );
  await store.append(`order-${random.between(1, ORDERS)}`, events);
}

const stopped = new AbortController();
await serve<Order>(
  (order) => {
    doing = order.do;
    crashes.leaveOut();
    if (doing === 'stop') stopped.abort();
  },
  async () => {
    const runner = await startDespiteOutages(createRunner, journal, stopped.signal);
    while (doing === 'work') await tryOnce(journal, appendSome);
    await untilAborted(stopped.signal);
    await runner?.stop();
    await store.close();
  },
);
