// Runs one peer in a separate process: `node host.mjs PEER CONNECTION_STRING`. The parent sends requests as messages.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { entryOf } from '../src/domain/entry.ts';
import { keepInFlight } from '../src/run/keep-in-flight.ts';

const [name, connectionString] = process.argv.slice(2);
const EVENTS_PER_ACCOUNT = 20;
let number = 0;

/** The read model that each peer's projection writes. */
const emptyReadModel = `
  set client_min_messages to warning;
  drop table if exists balances;
  create table balances (account_id text primary key, cents bigint not null, entries integer not null);`;

/** @type {import('./peer.d.ts').Peer} */
let peer;
const observer = new pg.Client({ connectionString });

const methods = {
  async open() {
    await observer.connect();
    const module = await import(`./${name}.mjs`);
    peer = await module.open(connectionString);
  },

  append({ inFlight, durationMs }) {
    return keepInFlight(inFlight, durationMs, () => {
      number += 1;
      return peer.append(randomUUID(), entryOf(number));
    });
  },

  async fill({ events }) {
    if (peer.project === undefined) throw new Error('has no projections');
    const accounts = Math.ceil(events / EVENTS_PER_ACCOUNT);
    let next = 0;
    const fillAccounts = async () => {
      while (next < accounts) {
        const first = next * EVENTS_PER_ACCOUNT;
        next += 1;
        const entries = Array.from({ length: EVENTS_PER_ACCOUNT }, (_, index) => entryOf(first + index));
        await peer.appendMany(randomUUID(), entries);
      }
    };
    await Promise.all(Array.from({ length: 8 }, fillAccounts));
    return { events: accounts * EVENTS_PER_ACCOUNT };
  },

  /** Runs until all events are in the read model or the time is over. The rate is that of the applied events. */
  async project({ projection, events, limitMs }) {
    await observer.query(emptyReadModel);
    const started = performance.now();
    const stop = await peer.project(projection);
    let applied = 0;
    let elapsedMs = 0;
    while (applied < events && elapsedMs < limitMs) {
      await delay(10);
      const { rows } = await observer.query(
        'select coalesce(sum(entries), 0)::integer as applied from balances',
      );
      applied = rows[0].applied;
      elapsedMs = performance.now() - started;
    }
    await stop();
    return { eventsPerSecond: (applied / elapsedMs) * 1_000, applied };
  },

  async close() {
    await peer.close();
    await observer.end();
  },
};

async function handle({ method, args }) {
  try {
    process.send({ result: (await methods[method](args)) ?? {} });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (request) => void handle(request));
process.on('disconnect', () => process.exit());
