import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { createApp, latestToken, type LogToken, tokenOf } from 'leftfold';
import { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { counter, counts, handledCounts, projections, slicedCounts } from './counters.ts';

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
const LEASE_MS = 1_500;
/** Pairs between two lines of the journal. */
const PAIRS_OF_LINE = 20;

const task = receiveTask<ReadingTask>();
using journal = new Journal(task.journal);
let stopped = false;

const oneLine = (error: unknown) => String(error).replaceAll('\n', ' ').slice(0, 500);

/** Errors that say that a read could not be made in time. */
const LATE = new Set(['SUBSCRIPTION_TIMEOUT', 'SUBSCRIPTION_NOT_CAUGHT_UP']);

function startApp() {
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

type ReadingApp = Awaited<ReturnType<typeof startApp>>;
type Ask = (
  app: ReadingApp,
  streamId: string,
  options: { readonly atLeast?: LogToken; readonly consistency?: 'strong'; readonly timeoutMs: number },
) => Promise<{ readonly count: number; readonly token: LogToken }>;

/** Each way to read how often a writer has added. */
const ways: Readonly<Record<string, Ask>> = {
  query: (app, streamId, options) => askedOf(app, counts, streamId, options),
  slices: (app, streamId, options) => askedOf(app, slicedCounts, streamId, options),
  handlers: async (app, streamId, options) => {
    let token = tokenOf(undefined);
    const row = await app
      .query(handledCounts, { ...options, onToken: (told) => (token = told) })
      .selectFrom('handled_counts')
      .select('count')
      .where('stream_id', '=', streamId)
      .executeTakeFirst();
    return { count: row?.count ?? 0, token };
  },
  read: (app, streamId, options) =>
    app.read([counts, slicedCounts, handledCounts], options, async (db, { token }) => {
      const rows = await db
        .selectFrom('counts')
        .innerJoin('sliced_counts as sliced', 'sliced.stream_id', 'counts.stream_id')
        .innerJoin('handled_counts as handled', 'handled.stream_id', 'counts.stream_id')
        .where('counts.stream_id', '=', streamId)
        .select(['counts.count as one', 'sliced.count as two', 'handled.count as three'])
        .execute();
      const [row] = rows;
      return { count: Math.min(row?.one ?? 0, row?.two ?? 0, row?.three ?? 0), token };
    }),
};

async function askedOf(
  app: ReadingApp,
  projection: typeof counts | typeof slicedCounts,
  streamId: string,
  options: Parameters<Ask>[2],
): ReturnType<Ask> {
  let token = tokenOf(undefined);
  // Both have the same columns; kysely's builders of a union of tables have no common signature.
  const query = app.query(projection as typeof counts, { ...options, onToken: (told) => (token = told) });
  const row = await query.where('stream_id', '=', streamId).executeTakeFirst();
  return { count: row?.count ?? 0, token };
}

/** Adds to its own counter, and reads it, until it does not know whether it has added. */
async function write(app: ReadingApp, writer: number): Promise<void> {
  const random = new Random(task.seed, `${task.name} ${task.generation} ${writer}`);
  const id = `${task.name}-${task.generation}-${writer}`;
  const streamId = `counter-${id}`;
  let added = 0;
  // What the newest of its reads has told and shown.
  let session: { readonly token: LogToken; readonly count: number } = { token: tokenOf(undefined), count: 0 };
  while (!stopped) {
    const way = random.pick(Object.keys(ways));
    const kind = random.pick(['token', 'token', 'strong', 'session', 'none'] as const);
    try {
      const { token } = await app.execute(counter.command.add(id, {}));
      added += 1;
      const options = { token: { atLeast: token }, strong, session: { atLeast: session.token }, none: {} }[
        kind
      ];
      const given = task.control ? {} : options;
      const found = await ways[way]!(app, streamId, { ...given, timeoutMs: 20_000 });
      const least = { token: added, strong: added, session: session.count, none: 0 }[kind];
      counted.pairs += 1;
      if (kind === 'none' && found.count < added) counted.staleWithout += 1;
      const saw = `counter ${id} by ${way}: saw ${found.count} of ${added}`;
      if (found.count < least) journal.write('stale', kind, `${saw}, at least ${least} were asked for`);
      if (found.count > added) journal.write('bad', saw);
      const newest = latestToken([session.token, found.token]);
      session = { token: newest, count: Math.max(session.count, found.count) };
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
