import { createConsumer, type Transport } from '@leftfold/messaging';
import pg from 'pg';
import { Journal, readJournal } from '../../journal.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { consumerCrashes, CrashPoints } from './crash-points.ts';
import { oneLine, startDespiteOutages, untilAborted } from './despite-outages.ts';
import { insertEffect } from './effects.ts';
import { CONSUMER, orderMessages, SOURCE } from './orders.ts';
import { killsOf, type MessagingTask, type Order } from './task.ts';
import { toTransport } from './transports.ts';
import { withUnrulyReceiver } from './unruly-receiver.ts';
import { ConsumerWithoutInbox } from './without-inbox.ts';

export interface ConsumerTask extends MessagingTask {
  /** The control: messages are handled without an inbox. */
  readonly withoutInbox: boolean;
}

const FAILURES = 0.005;

const task = receiveTask<ConsumerTask>();
const random = new Random(task.seed, `consumer ${task.name} ${task.generation}`);
using journal = new Journal(task.journal);
const before = killsOf(readJournal(task.journal));
const points = task.withoutInbox
  ? consumerCrashes.filter((point) => point !== 'in the transaction')
  : consumerCrashes;
const crashes = new CrashPoints({
  points,
  first: task.firstPoint,
  random,
  journal,
  before,
  afterMs: task.killedAfterMs,
});
let doing: Order['do'] = 'work';

function createWithInbox(transport: Transport) {
  return createConsumer({
    name: CONSUMER,
    transport,
    sources: [SOURCE],
    messages: [orderMessages],
    database: { connectionString: task.url },
    concurrency: 4,
    prefetch: 50,
    timeoutMs: 3_000,
    gapTimeoutMs: 3_000,
    stopTimeoutMs: 3_000,
    retry: { attempts: 50, firstDelayMs: 5, maxDelayMs: 100 },
    onIncident: ({ error, stopped }) => journal.write(stopped ? 'stopped' : 'incident', oneLine(error)),
    on: {
      'orders.placed': async ({ attributes }, { tx }) => {
        await tx.executeQuery(insertEffect(attributes));
        crashes.pass('in the transaction');
        if (doing === 'work' && random.chance(FAILURES)) throw new Error('the handler fails at random');
      },
    },
  });
}

const transport = withUnrulyReceiver(await toTransport(task.broker), {
  crashes,
  random,
  journal,
  isUnruly: () => doing === 'work',
});
const pool = new pg.Pool({ connectionString: task.url, max: 4, application_name: 'leftfold' });
pool.on('error', () => {});
const create = () =>
  task.withoutInbox ? new ConsumerWithoutInbox(transport, CONSUMER, pool) : createWithInbox(transport);

const stopped = new AbortController();
await serve<Order>(
  (order) => {
    doing = order.do;
    crashes.leaveOut();
    if (doing === 'stop') stopped.abort();
  },
  async () => {
    const consumer = await startDespiteOutages<ReturnType<typeof create>>(create, journal, stopped.signal);
    await untilAborted(stopped.signal);
    await consumer?.stop();
    await pool.end();
  },
);
