import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { createApp, latestToken, tokenOf } from 'leftfold';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { counter, projections } from './counters.ts';
import { type ReadingApp, ways } from './ways.ts';

/** What this subject tells its processes. */
export interface Order {
  readonly do: 'stop';
}

export interface ReadingTask {
  readonly name: string;
  readonly url: string;
  readonly journal: string;
  readonly seed: number;
  /** Leaves the tokens out. */
  readonly control: boolean;
}

const WRITERS = 40;
/** Of each writer: it adds to some of them side by side, and one read has to show all of these. */
const COUNTERS = 30;
const LEASE_MS = 1_500;
/** Pairs between two lines of the journal. */
const PAIRS_OF_LINE = 100;

const task = receiveTask<ReadingTask>();
using journal = new Journal(task.journal);
let stopped = false;

const oneLine = (error: unknown) => String(error).replaceAll('\n', ' ').slice(0, 500);

/** Errors that say that a read could not be made in time. */
const LATE = new Set(['SUBSCRIPTION_TIMEOUT', 'SUBSCRIPTION_NOT_CAUGHT_UP']);

function startApp(): Promise<ReadingApp> {
  return createApp({
    aggregates: [counter],
    projections,
    database: { url: task.url, maxConnections: 10, waitMs: 60_000, answerTimeoutMs: 4_000 },
    subscriptions: {
      owner: `${task.name}.${task.generation}`,
      leaseMs: LEASE_MS,
      batchTimeoutMs: 10_000,
      stopTimeoutMs: 3_000,
      onIncident: ({ error, stopped: isStopped }) => {
        if (isStopped) journal.write('bad', 'stopped:', oneLine(error));
      },
    },
  });
}

/** Adds to some of its own counters, and reads these, until it does not know whether it has added. */
async function write(app: ReadingApp, writer: number): Promise<void> {
  const name = `${task.name}-${task.generation}-${writer}`;
  const random = new Random(task.seed, name);
  const added = Array.from({ length: COUNTERS }, () => 0);
  // What the newest of its reads has told, and what they have shown.
  let newest = tokenOf(undefined);
  const shown = Array.from({ length: COUNTERS }, () => 0);
  while (!stopped) {
    const way = random.pick(Object.keys(ways));
    const kind = random.pick(['token', 'token', 'strong', 'session', 'none'] as const);
    const first = random.between(0, COUNTERS - 1);
    const counters = Array.from(
      { length: random.between(1, COUNTERS) },
      (_, index) => (first + index) % COUNTERS,
    );
    const streamOf = (of: number) => `counter-${name}-${of}`;
    try {
      const adding = counters.map((of) => app.execute(counter.command.add(`${name}-${of}`, {})));
      const results = await Promise.all(adding);
      for (const of of counters) added[of]! += 1;
      const atLeast = latestToken(results.map(({ token }) => token));
      const options = { token: { atLeast }, strong, session: { atLeast: newest }, none: {} }[kind];
      const asked = { ...(task.control ? {} : options), timeoutMs: 20_000 };
      const found = await ways[way]!(app, counters.map(streamOf), asked);
      counted.pairs += counters.length;
      for (const of of counters) {
        const [count, all] = [found.counts.get(streamOf(of)) ?? 0, added[of]!];
        const least = { token: all, strong: all, session: shown[of]!, none: 0 }[kind];
        if (kind === 'none' && count < all) counted.staleWithout += 1;
        const saw = `${streamOf(of)} by ${way}: saw ${count} of ${all}`;
        if (count < least) journal.write('stale', kind, `${saw}, at least ${least} were asked for`);
        if (count > all) journal.write('bad', saw);
        shown[of] = Math.max(shown[of]!, count);
      }
      newest = latestToken([newest, found.token]);
    } catch (error) {
      const isLate = LeftfoldError.is(error) && LATE.has(error.code);
      if (isLate) counted.late += 1;
      else if (!isOutage(error)) journal.write('bad', way, oneLine(error));
      if (!isLate) return;
    }
    if (counted.pairs >= PAIRS_OF_LINE) writeCounted();
  }
}

const strong = { consistency: 'strong' } as const;
const counted = { pairs: 0, late: 0, staleWithout: 0 };

function writeCounted(): void {
  journal.write('pairs', counted.pairs, counted.late, counted.staleWithout);
  Object.assign(counted, { pairs: 0, late: 0, staleWithout: 0 });
}

/** The database may go away meanwhile. @returns undefined when the process is to end */
async function startedApp(): Promise<ReadingApp | undefined> {
  while (!stopped) {
    try {
      return await startApp();
    } catch (error) {
      if (!isOutage(error)) journal.write('bad', 'createApp:', oneLine(error));
      await delay(100);
    }
  }
  return undefined;
}

await serve<Order>(
  () => {
    stopped = true;
  },
  async () => {
    const app = await startedApp();
    if (app === undefined) return;
    let last = 0;
    const writers = Array.from({ length: WRITERS }, async () => {
      while (!stopped) {
        last += 1;
        await write(app, last);
        await delay(50);
      }
    });
    await Promise.all(writers);
    writeCounted();
    await app.close();
  },
);
