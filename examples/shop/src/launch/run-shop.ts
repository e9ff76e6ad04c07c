import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceMessage } from '../service/journal-entry.ts';
import { createDatabases } from './databases.ts';
import { exchangesOf } from './exchanges.ts';
import { Journal } from './journal.ts';
import { checked, heading, line } from './print.ts';
import { type ServiceProcess, type ServiceName, serviceNames } from './service-process.ts';
import { Services } from './services.ts';

export interface ShopRun {
  readonly orders: number;
  /** A service that is killed once, in the middle of its work. */
  readonly kill: ServiceName | undefined;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** What a service does for each order, first. */
const workOf = {
  orders: 'order.placed',
  payments: 'payment.requested',
  shipping: 'parcel.sent',
} as const satisfies Record<ServiceName, string>;

/** Their events are printed: of one order that is paid, and of one that is not. */
const followed: ReadonlySet<string> = new Set(['o-1', 'o-8']);

/** How often it is looked whether all is done, in milliseconds. */
const ROUND_MS = 50;
const ROUNDS_PER_LINE = 20;
const MAX_ROUNDS = 4_000;

/** Runs the three services until each order has its end. @returns whether the figures are right */
export async function runShop({ orders, kill, signal }: ShopRun): Promise<boolean> {
  const run = `shop_${Date.now().toString(36)}_${process.pid}`;
  await using databases = await createDatabases(run, [...serviceNames, 'queue']);
  const { RABBITMQ_URL: rabbitmqUrl = '' } = process.env;
  await using _exchanges = rabbitmqUrl === '' ? undefined : exchangesOf(run, rabbitmqUrl);
  const broker = rabbitmqUrl === '' ? 'queues in tables' : 'RabbitMQ';
  heading(`${orders} orders, by three processes on ${databases.description}, with ${broker}`);
  const journal = new Journal();
  const startedAt = performance.now();
  const print = (what: string) =>
    line(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  const failed = new AbortController();
  let victim = kill;
  const onMessage = (service: ServiceProcess, message: ServiceMessage) => {
    if (message.kind === 'ready') {
      if (service.name === 'orders') service.send({ place: orders });
      return;
    }
    if (!journal.add(message)) return;
    if (followed.has(message.orderId)) print(`${message.orderId}  ${message.type}`);
    if (service.name !== victim || journal.count(workOf[victim]) < orders / 3) return;
    victim = undefined;
    service.kill();
  };
  await using services = new Services(serviceNames, (name) => ({
    environment: {
      SHOP_RUN: run,
      SHOP_DATABASE_URL: databases.urls[name],
      SHOP_QUEUE_URL: databases.urls.queue,
    },
    onMessage,
    onRestart: print,
    onFailure: (error) => failed.abort(error),
  }));
  line(`kill one of them while it works: ${services.pids}`);
  let printed = journal.progress;
  const limit = AbortSignal.any([signal, failed.signal]);
  for (
    let rounds = 1;
    journal.count('order.completed') + journal.count('order.declined') < orders;
    rounds += 1
  ) {
    if (rounds % ROUNDS_PER_LINE === 0 && journal.progress !== printed) {
      printed = journal.progress;
      print(printed);
    }
    if (rounds > MAX_ROUNDS) throw new Error(`not all orders have an end after ${MAX_ROUNDS * ROUND_MS} ms`);
    await pause(ROUND_MS, undefined, { signal: limit }).catch(() => limit.throwIfAborted());
  }
  print(journal.progress);
  return areRight(journal, orders);
}

function areRight(journal: Journal, orders: number): boolean {
  const [placed, requested] = [journal.count('order.placed'), journal.count('payment.requested')];
  const [taken, declined] = [journal.count('payment.taken'), journal.count('payment.declined')];
  const [sent, completed] = [journal.count('parcel.sent'), journal.count('order.completed')];
  const { twice } = journal;
  return [
    checked(placed === orders && requested === orders, `${placed} orders, ${requested} payments`),
    checked(
      taken === sent && sent === completed,
      `${taken} payments taken, ${sent} parcels, ${completed} orders completed`,
    ),
    checked(
      declined === journal.count('order.declined') && taken + declined === orders,
      `${declined} payments declined, and as many orders`,
    ),
    checked(twice.length === 0, twice.length === 0 ? 'nothing happened twice' : `twice: ${twice.join(', ')}`),
  ].every(Boolean);
}
