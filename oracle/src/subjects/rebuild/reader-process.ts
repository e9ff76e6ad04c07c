import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { createApp } from 'leftfold';
import { sql } from 'kysely';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { CENTS, inlineSums, ledger, projections, sums } from './ledger.ts';

export interface ReaderTask {
  readonly name: string;
  readonly url: string;
  readonly journal: string;
  readonly seed: number;
}

/** `rest`: no more commands and queries. `stop`: the process ends. */
export interface Order {
  readonly do: 'rest' | 'stop';
}

/** Ledgers that this process alone writes to. */
const OWN_LEDGERS = 20;
/** Commands under way at one time. */
const CONCURRENCY = 8;
/** Milliseconds between two commands of one of them: 500 a second for two processes. */
const PAUSE_MS = 32;
const LEASE_MS = 1_500;

const task = receiveTask<ReaderTask>();
const random = new Random(task.seed, `reader ${task.name} ${task.generation}`);
using journal = new Journal(task.journal);
let working = true;
let stopped = () => {};
const stop = new Promise<void>((resolve) => {
  stopped = resolve;
});

const oneLine = (error: unknown) => String(error).replaceAll('\n', ' ').slice(0, 500);

function startApp() {
  return createApp({
    aggregates: [ledger],
    projections,
    database: { url: task.url, maxConnections: 20, waitMs: 60_000, answerTimeoutMs: 6_000 },
    subscriptions: {
      owner: `${task.name}.${task.generation}`,
      leaseMs: LEASE_MS,
      retry: { attempts: 5, firstDelayMs: 20, maxDelayMs: 500 },
      onIncident: ({ error }) =>
        journal.write('incident', LeftfoldError.is(error) ? error.code : 'unknown', oneLine(error)),
    },
  });
}

type RunningApp = Awaited<ReturnType<typeof startApp>>;

/** Repeats something until this process is to rest. What ends by itself is not wrong. */
async function repeat(what: string, pauseMs: () => number, action: () => Promise<void>): Promise<void> {
  while (working) {
    try {
      await action();
      journal.write('done', what);
    } catch (error) {
      if (isOutage(error)) journal.write('outage', what, oneLine(error));
      else journal.write('bad', what, oneLine(error));
      await delay(50);
    }
    await delay(pauseMs());
  }
}

/** Writes, then reads what it wrote: the row of its own ledger has every entry that was acknowledged. */
function writeAndRead(app: RunningApp, entered: Map<string, number>): Promise<void> {
  return repeat(
    'write',
    () => random.between(PAUSE_MS / 2, PAUSE_MS),
    async () => {
      const id = `${task.name}.${task.generation}.${random.between(1, OWN_LEDGERS)}`;
      const { token } = await app.execute(ledger.command.enter(id, { cents: CENTS }));
      const known = (entered.get(id) ?? 0) + 1;
      entered.set(id, known);
      if (!random.chance(0.2)) return;
      const options = { atLeast: token, timeoutMs: 20_000 };
      const of = `ledger-${id}`;
      const row = random.chance(0.5)
        ? await app.query(sums, options).where('ledger_id', '=', of).executeTakeFirst()
        : await app.query(inlineSums, options).where('ledger_id', '=', of).executeTakeFirst();
      if (row === undefined || row.entries < known)
        journal.write('stale', `ledger ${id} has ${row?.entries ?? 0} of ${known} entries`);
    },
  );
}

/** What all rows of a read model have together. */
interface Whole {
  readonly entries: number;
  readonly cents: number;
  readonly ledgers: number;
  readonly server: string;
}

const whole = {
  entries: sql<number>`coalesce(sum(entries), 0)::float8`.as('entries'),
  cents: sql<number>`coalesce(sum(cents), 0)::float8`.as('cents'),
  ledgers: sql<number>`count(*)::float8`.as('ledgers'),
  server: sql<string>`pg_postmaster_start_time()::text`.as('server'),
};
const columns = [whole.entries, whole.cents, whole.ledgers, whole.server] as const;

/** Reads all rows: what was there once is never missing, unless the server crashed since. */
function readAll(name: string, query: () => Promise<Whole>): Promise<void> {
  let best: Whole = { entries: 0, cents: 0, ledgers: 0, server: '' };
  return repeat(
    'read',
    () => random.between(5, 40),
    async () => {
      const row = await query();
      // What a projection has applied need not be durable.
      if (row.server === best.server && (row.entries < best.entries || row.ledgers < best.ledgers))
        journal.write(
          'part',
          name,
          `${row.ledgers} ledgers with ${row.entries} entries, after ${best.ledgers} with ${best.entries}`,
        );
      if (row.cents !== CENTS * row.entries)
        journal.write('part', name, `${row.entries} entries have ${row.cents} cents`);
      best = row;
    },
  );
}

await serve<Order>(
  (order) => {
    working = false;
    if (order.do === 'stop') stopped();
  },
  async () => {
    const app = await startApp();
    journal.write('started');
    const entered = new Map<string, number>();
    await Promise.all([
      ...Array.from({ length: CONCURRENCY }, () => writeAndRead(app, entered)),
      readAll('sums', () => app.query(sums).clearSelect().select(columns).executeTakeFirstOrThrow()),
      readAll('inline_sums', () =>
        app.query(inlineSums).clearSelect().select(columns).executeTakeFirstOrThrow(),
      ),
    ]);
    journal.write('rested');
    await stop;
    await app.close();
  },
);
