import { type App, type LogToken, tokenOf } from 'leftfold';
import { type counter, counts, handledCounts, type projections, slicedCounts } from './counters.ts';

export type ReadingApp = App<typeof counter, never, (typeof projections)[number]>;

/** How recent a read has to be. */
export interface Asked {
  readonly atLeast?: LogToken;
  readonly consistency?: 'strong';
  readonly timeoutMs: number;
}

/** What a read found. */
export interface Found {
  /** By stream; none for 0. */
  readonly counts: ReadonlyMap<string, number>;
  readonly token: LogToken;
}

type Way = (app: ReadingApp, streamIds: readonly string[], asked: Asked) => Promise<Found>;

interface Counted {
  readonly stream_id: string;
  readonly count: number;
}

/** Each way to read how often was added to counters. */
export const ways: Readonly<Record<string, Way>> = {
  query: (app, streamIds, asked) => queryRows(app, counts, streamIds, asked),
  slices: (app, streamIds, asked) => queryRows(app, slicedCounts, streamIds, asked),
  handlers: async (app, streamIds, asked) => {
    let token = tokenOf(undefined);
    const rows = await app
      .query(handledCounts, { ...asked, onToken: (told) => (token = told) })
      .selectFrom('handled_counts')
      .selectAll()
      .where('stream_id', 'in', streamIds)
      .execute();
    return { counts: byStream(rows), token };
  },
  read: (app, streamIds, asked) =>
    app.read([counts, slicedCounts, handledCounts], asked, async (db, { token }) => {
      const rows = await db
        .selectFrom('counts')
        .innerJoin('sliced_counts as sliced', 'sliced.stream_id', 'counts.stream_id')
        .innerJoin('handled_counts as handled', 'handled.stream_id', 'counts.stream_id')
        .where('counts.stream_id', 'in', streamIds)
        .select((eb) => [
          'counts.stream_id',
          eb.fn<number>('least', ['counts.count', 'sliced.count', 'handled.count']).as('count'),
        ])
        .execute();
      return { counts: byStream(rows), token };
    }),
};

async function queryRows(
  app: ReadingApp,
  projection: typeof counts | typeof slicedCounts,
  streamIds: readonly string[],
  asked: Asked,
): Promise<Found> {
  let token = tokenOf(undefined);
  // Both have the same columns; kysely's builders of a union of tables have no common signature.
  const query = app.query(projection as typeof counts, { ...asked, onToken: (told) => (token = told) });
  const rows = await query.where('stream_id', 'in', streamIds).execute();
  return { counts: byStream(rows), token };
}

function byStream(rows: readonly Counted[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ stream_id: streamId, count }) => [streamId, count]));
}
