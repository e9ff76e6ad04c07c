import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceMessage } from '../service/journal-entry.ts';
import { supplierNames } from '../suppliers/supplier-name.ts';
import { caseOf, tripsOf } from '../suppliers/trip-case.ts';
import { createDatabases } from './databases.ts';
import { exchangesOf } from './exchanges.ts';
import { isSame, Journal } from './journal.ts';
import { checked, heading, line } from './print.ts';
import { type ServiceName, serviceNames, type ServiceProcess } from './service-process.ts';
import { Services } from './services.ts';

export interface BookingRun {
  readonly trips: number;
  /** How long the saga waits for an answer. */
  readonly timeoutMs: number;
  /** A service that is killed once, in the middle of the work. */
  readonly kill: ServiceName | undefined;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** The events of these trips are printed: of one that is booked, and of some that are not. */
const followed: readonly (string | undefined)[] = ['fine', 'no-cars', 'silent-hotels', 'late-flights'];

/** How often it is looked whether all is done, in milliseconds. */
const ROUND_MS = 50;
const ROUNDS_PER_LINE = 20;
const MAX_ROUNDS = 4_000;
/** What should not happen would have happened by then. */
const QUIET_MS = 1_000;

/** Runs the four services until each trip has its end. @returns whether the figures are right */
export async function runBookings({ trips: count, timeoutMs, kill, signal }: BookingRun): Promise<boolean> {
  const run = `booking_${Date.now().toString(36)}_${process.pid}`;
  await using databases = await createDatabases(run, [...serviceNames, 'queue']);
  const { RABBITMQ_URL: rabbitmqUrl = '' } = process.env;
  await using _exchanges = rabbitmqUrl === '' ? undefined : exchangesOf(run, rabbitmqUrl);
  const broker = rabbitmqUrl === '' ? 'queues in tables' : 'RabbitMQ';
  heading(`${count} trips, by four processes on ${databases.description}, with ${broker}`);
  const trips = tripsOf(count);
  const journal = new Journal();
  const startedAt = performance.now();
  const print = (what: string) =>
    line(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  const failed = new AbortController();
  const shown = new Set(followed.map((one) => trips.find((tripId) => caseOf(tripId) === one)));
  const ready = new Set<ServiceName>();
  let victim = kill;
  const onMessage = (service: ServiceProcess, message: ServiceMessage) => {
    if (message.kind === 'ready') {
      ready.add(service.name);
      // Requested again after a restart of the bookings: each trip is requested once.
      if (ready.size === serviceNames.length) services.send('bookings', { trips });
      return;
    }
    const { type, tripId, outcome } = message;
    if (!journal.add(service.name, message)) return;
    const isShown = shown.has(tripId) && !/^(?:booking|desk)\.(?!closed)/.test(type);
    if (isShown) print(`${tripId.padEnd(16)}  ${service.name.padEnd(8)}  ${outcome ?? type}`);
    if (victim === undefined || journal.tripsWith('flights', 'reservation.held').size < count / 4) return;
    services.kill(victim);
    victim = undefined;
  };
  await using services = new Services(serviceNames, (name) => ({
    environment: {
      BOOKING_RUN: run,
      BOOKING_DATABASE_URL: databases.urls[name],
      BOOKING_QUEUE_URL: databases.urls.queue,
      BOOKING_TIMEOUT_MS: String(timeoutMs),
    },
    onMessage,
    onRestart: print,
    onFailure: (error) => failed.abort(error),
  }));
  line(`kill one of them while it works: ${services.pids}`);
  let printed = journal.progress;
  const limit = AbortSignal.any([signal, failed.signal]);
  const wait = (ms: number) => pause(ms, undefined, { signal: limit }).catch(() => limit.throwIfAborted());
  for (let rounds = 1; !journal.isDone(trips); rounds += 1) {
    if (rounds % ROUNDS_PER_LINE === 0 && journal.progress !== printed) {
      printed = journal.progress;
      print(printed);
    }
    if (rounds > MAX_ROUNDS)
      throw new Error(`not all trips have an end after ${MAX_ROUNDS * ROUND_MS} ms: ${journal.progress}`);
    await wait(ROUND_MS);
  }
  await wait(QUIET_MS);
  print(journal.progress);
  return areRight(journal, trips);
}

function areRight(journal: Journal, trips: readonly string[]): boolean {
  const [booked, takenBack] = [journal.tripsThat('completed'), journal.tripsThat('compensated')];
  const fine = trips.filter((tripId) => caseOf(tripId) === 'fine');
  const { twice, late } = journal;
  line(`${late} answers came after the end of their trip, and changed nothing`);
  const ofBookings = (type: string) => journal.tripsWith('bookings', type);
  return [
    checked(
      journal.closed === trips.length && [...booked].every((tripId) => fine.includes(tripId)),
      `${trips.length} trips: ${booked.size} booked, ${takenBack.size} taken back`,
    ),
    checked(
      supplierNames.every((supplier) => isSame(journal.heldBy(supplier), booked)),
      `flights, hotels and cars are held for the trips that are booked, and for no other`,
    ),
    checked(
      isSame(ofBookings('charge.taken'), booked) && isSame(ofBookings('trip.confirmed'), booked),
      `${booked.size} cards are charged, and as many trips confirmed`,
    ),
    checked(twice.length === 0, twice.length === 0 ? 'nothing happened twice' : `twice: ${twice.join(', ')}`),
  ].every(Boolean);
}
