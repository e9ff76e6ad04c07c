import { setTimeout as delay } from 'node:timers/promises';
import { type EventQuery, LeftfoldError } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { Consumer } from './consumer.ts';
import { ledgerEvents } from './ledger.ts';
import type { Order } from './order.ts';
import { isOutage } from '../../outage.ts';
import { readByNewestPosition } from './without-high-water-mark.ts';

/** How a reader reads. `newest` is the control: it ignores the high-water mark. */
export type ReadingKind = 'subscribe' | 'readAll' | 'readPage' | 'newest';

export interface Reading {
  readonly name: string;
  readonly kind: ReadingKind;
  readonly filter: EventQuery;
  readonly journal: string;
}

export interface ReaderTask {
  readonly name: string;
  readonly connectionString: string;
  readonly seed: number;
  readonly listen: boolean;
  readonly readings: readonly Reading[];
}

let target: number | undefined;
const task = receiveTask<ReaderTask>();
const random = new Random(task.seed, `reader ${task.name} ${task.generation}`);

const finished = (consumer: Consumer) => target !== undefined && consumer.token >= target;

const ways: Record<
  ReadingKind,
  (store: PostgresEventStore, consumer: Consumer, filter: EventQuery) => Promise<void>
> = {
  /** One subscription after the other: each is left in the middle, by its signal or by the loop, and resumed. */
  async subscribe(store, consumer, filter) {
    const stop = new AbortController();
    const subscription = store.subscribe({ after: consumer.token, filter, signal: stop.signal });
    const limit = setTimeout(() => stop.abort(), random.between(200, 3_000));
    const watch = setInterval(
      () => target !== undefined && subscription.position >= target && stop.abort(),
      20,
    );
    try {
      for await (const event of subscription) {
        consumer.handle(event);
        if (random.chance(0.000_5)) break;
      }
    } finally {
      clearTimeout(limit);
      clearInterval(watch);
      consumer.advance(subscription.position);
    }
  },

  async readAll(store, consumer, filter) {
    const highWaterMark = await store.highWaterMark();
    const limit = random.chance(0.2) ? random.between(1, 50) : undefined;
    for await (const event of store.readAll({ after: consumer.token, filter, limit })) {
      consumer.handle(event);
      if (random.chance(0.000_5)) return;
    }
    if (limit === undefined) consumer.advance(highWaterMark);
    await delay(random.between(0, 30));
  },

  async readPage(store, consumer, filter) {
    const upTo = await store.highWaterMark();
    while (consumer.token < upTo) {
      const after = consumer.token;
      const page = await store.readPage({ after, upTo, limit: random.between(1, 700), filter });
      for (const event of page.events) consumer.handle(event);
      consumer.advance(page.position);
    }
    await delay(random.between(0, 20));
  },

  async newest(store, consumer, filter) {
    const ending = target;
    const seen = await readByNewestPosition(store.pool, consumer.token, filter);
    for (const event of seen) consumer.handle(event);
    if (ending !== undefined && seen.length === 0) consumer.advance(ending);
    await delay(random.between(0, 5));
  },
};

async function follow(store: PostgresEventStore, { kind, filter, journal }: Reading): Promise<void> {
  using consumer = new Consumer(journal);
  for (;;) {
    try {
      await consumer.compare(store, filter);
      if (finished(consumer)) {
        await store.highWaterMark(); // notices when the log went back since
        if (consumer.era === store.era) return;
      } else await ways[kind](store, consumer, filter);
    } catch (error) {
      if (LeftfoldError.is(error) && error.code === 'LOG_REWOUND') {
        consumer.era = -1;
        continue;
      }
      // An outage ends by itself; no reader may get any other error.
      if (!isOutage(error) && kind !== 'newest') {
        consumer.fail(error);
        return;
      }
      await delay(50);
    }
  }
}

const finish = (order: Order) => {
  if (order.kind === 'finish') target = order.target;
};
await serve(finish, async () => {
  const { connectionString, listen, readings } = task;
  await using store = createEventStore({ connectionString, events: [ledgerEvents], listen });
  await Promise.all(readings.map((reading) => follow(store, reading)));
});
