import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError, type LogToken } from '@leftfold/core';
import { createApp } from 'leftfold';
import { sql } from 'kysely';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { beginAtRate } from './arrivals.ts';
import { entriesOfHistory, TILLS } from './history.ts';
import { CENTS, inlineSums, ledger, projections, sums, till } from './ledger.ts';

export interface ReaderTask {
  readonly name: string;
  readonly url: string;
  readonly journal: string;
  readonly seed: number;
  /** Events of the history. */
  readonly history: number;
  /** Commands of this process. */
  readonly commandsPerSecond: number;
}

/** `rest`: no more commands and queries. `stop`: the process ends. */
export interface Order {
  readonly do: 'rest' | 'stop';
}

/** Ledgers, and tills, that this process alone writes to. */
const OWN_STREAMS = 20;
/** Part of the commands whose appends apply the inline read model. */
const INLINE_SHARE = 0.2;
/** Commands under way at one time, at most: so many end soon, also on a busy machine, when a process is to rest. */
const COMMANDS_AT_MOST = 100;
/** Milliseconds between two reads of all rows. */
const WHOLE_MS = 1_000;
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
    aggregates: [ledger, till],
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

/** Does something once, and records what became of it. What ends by itself is not wrong. */
async function attempt(what: string, action: () => Promise<void>): Promise<boolean> {
  const began = performance.now();
  try {
    await action();
    journal.write('done', what, Math.ceil(performance.now() - began));
    return true;
  } catch (error) {
    journal.write(isOutage(error) ? 'outage' : 'bad', what, oneLine(error));
    return false;
  }
}

/** Repeats something until this process is to rest. */
async function repeat(what: string, pauseMs: () => number, action: () => Promise<void>): Promise<void> {
  while (working) {
    const done = await attempt(what, action);
    await delay(done ? pauseMs() : 50 + pauseMs());
  }
}

/** Commands that arrive at their rate, some of which are read at once. */
function writeAtRate(app: RunningApp): Promise<void> {
  return beginAtRate({
    perSecond: task.commandsPerSecond,
    atMost: COMMANDS_AT_MOST,
    begin: async () => {
      let written: Written | undefined;
      await attempt('write', async () => {
        written = await write(app);
      });
      if (written !== undefined && random.chance(0.2)) await readOwn(app, written);
    },
    onCrowded: () => journal.write('crowded', 'write'),
    goesOn: () => working,
  });
}

/** What a row has, at least. */
interface Written {
  readonly streamId: string;
  readonly entries: number;
  readonly inline: boolean;
  readonly token: LogToken;
}

async function write(app: RunningApp): Promise<Written> {
  const id = `${task.name}.${task.generation}.${random.between(1, OWN_STREAMS)}`;
  const inline = random.chance(INLINE_SHARE);
  const { enter } = (inline ? till : ledger).command;
  // Each event of the stream is an entry, also one whose answer was lost.
  const { token, streamVersion: entries } = await app.execute(enter(id, { cents: CENTS }));
  return { streamId: `${inline ? 'till' : 'ledger'}-${id}`, entries, inline, token };
}

/** Reads what was just written: the row has every entry up to that one. */
async function readOwn(app: RunningApp, { streamId, entries, inline, token }: Written): Promise<void> {
  const options = { atLeast: token, timeoutMs: 20_000 };
  await attempt('own', async () => {
    const row =
      inline && random.chance(0.5)
        ? await app.query(inlineSums, options).where('stream_id', '=', streamId).executeTakeFirst()
        : await app.query(sums, options).where('stream_id', '=', streamId).executeTakeFirst();
    if (row === undefined || row.entries < entries)
      journal.write('stale', `${streamId} has ${row?.entries ?? 0} of ${entries} entries`);
  });
}

/** Reads a row of the history, of which it is known what it is: a read model that lacks a part of the log lacks entries of it. */
function readOne(name: string, query: (streamId: string) => Promise<Row | undefined>): Promise<void> {
  return repeat(
    'read',
    () => random.between(20, 60),
    async () => {
      const number = random.between(0, Math.min(TILLS, task.history) - 1);
      const expected = entriesOfHistory(task.history, number);
      const row = await query(`till-${number}`);
      if (row?.entries !== expected || row.cents !== CENTS * expected)
        journal.write(
          'part',
          name,
          `till-${number} with ${row?.entries ?? 0} of ${expected} entries, ${row?.cents ?? 0} cents`,
        );
    },
  );
}

interface Row {
  readonly entries: number;
  readonly cents: number;
}

/** What all rows of a read model have together. */
interface Whole {
  readonly entries: number;
  readonly cents: number;
  readonly rows: number;
  readonly server: string;
}

const whole = {
  entries: sql<number>`coalesce(sum(entries), 0)::float8`.as('entries'),
  cents: sql<number>`coalesce(sum(cents), 0)::float8`.as('cents'),
  rows: sql<number>`count(*)::float8`.as('rows'),
  server: sql<string>`pg_postmaster_start_time()::text`.as('server'),
};
const columns = [whole.entries, whole.cents, whole.rows, whole.server] as const;

/** Reads all rows: what was there once is never missing, unless the server crashed since. */
function readAll(name: string, query: () => Promise<Whole>): Promise<void> {
  let best: Whole = { entries: 0, cents: 0, rows: 0, server: '' };
  return repeat(
    'whole',
    () => WHOLE_MS,
    async () => {
      const row = await query();
      // What a projection has applied need not be durable.
      if (row.server === best.server && (row.entries < best.entries || row.rows < best.rows))
        journal.write(
          'part',
          name,
          `${row.rows} rows with ${row.entries} entries, after ${best.rows} with ${best.entries}`,
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
    await Promise.all([
      writeAtRate(app),
      readOne('sums', (id) => app.query(sums).where('stream_id', '=', id).executeTakeFirst()),
      readOne('inline_sums', (id) => app.query(inlineSums).where('stream_id', '=', id).executeTakeFirst()),
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
