import { defineProjection, defineReaction, defineTableProjection } from '@leftfold/core';
import { sql } from 'kysely';
import { type Added, item, itemEvents, tally, type Touched } from './items.ts';

/** What differs between the releases of the app. */
export interface Release {
  /** Increases with each release. */
  readonly number: number;
  readonly slices: Readonly<
    Record<'groups' | 'cards' | 'pairs' | 'counters' | 'notices' | 'tallies', number>
  >;
  readonly totalsVersion: number;
  readonly noticesVersion: number;
  /** Whether `live` is applied by the appends. */
  readonly inline: boolean;
}

export const firstRelease: Release = {
  number: 1,
  slices: { groups: 2, cards: 1, pairs: 3, counters: 2, notices: 1, tallies: 2 },
  totalsVersion: 1,
  noticesVersion: 1,
  inline: true,
};

/** An effect outside of the log. */
export interface Effect {
  readonly reaction: string;
  readonly key: string;
  readonly position: number;
}

/** The row of each table: it depends on each event, and on their order. */
const columns = { id: 'text', count: 'integer', sum: 'bigint', chain: 'bigint' } as const;
const initialRow = { count: 0, sum: 0, chain: 0 };
interface Sums {
  readonly count: number;
  readonly sum: number;
  readonly chain: number;
}

const MODULUS = 1_000_003;

function plus<TRow extends Sums>(row: TRow, amount: number, factor = 31): TRow {
  const { count, sum, chain } = row;
  return { ...row, count: count + 1, sum: sum + amount, chain: (chain * factor + amount) % MODULUS };
}

/** What the oracle does within handlers. */
export interface Hooks {
  /** An effect outside of the log. */
  readonly effect: (effect: Effect) => Promise<void>;
  /** Called in the middle of batches: the process may be paused there for longer than its leases last. */
  readonly midBatch: () => void;
}

export function definitionsOf(release: Release, { effect, midBatch }: Hooks) {
  const { number, slices, totalsVersion, noticesVersion, inline } = release;
  const events = [itemEvents] as const;
  const check = (reader: string, { poison }: Added) => {
    if (poison?.for === reader && number < poison.before)
      throw new Error(`release ${number} cannot process what release ${poison.before} can`);
  };
  const add =
    (reader: string, factor?: number) =>
    <TRow extends Sums>(row: TRow, { data }: { readonly data: Added }) => {
      check(reader, data);
      // Inline, it would hold up the appends of all processes.
      if (reader !== 'live') midBatch();
      return plus(row, data.amount, factor);
    };
  const touch =
    (factor?: number) =>
    <TRow extends Sums>(row: TRow, { data }: { readonly data: Touched }) =>
      plus(row, data.amount, factor);

  const totals = defineTableProjection({
    name: 'totals',
    version: totalsVersion,
    events,
    columns,
    key: ({ streamId }) => ({ id: streamId }),
    initialRow,
    evolve: {
      'item.added': add('totals', 30 + totalsVersion),
      'item.touched': touch(30 + totalsVersion),
    },
  });
  const live = defineTableProjection({
    name: 'live',
    mode: inline ? 'inline' : 'async',
    events,
    columns,
    key: ({ streamId }) => ({ id: streamId }),
    initialRow,
    evolve: { 'item.added': add('live'), 'item.touched': touch() },
  });
  const groups = defineTableProjection({
    name: 'groups',
    slices: slices.groups,
    events,
    columns,
    key: (event) => (event.type === 'item.added' ? { id: event.data.group } : null),
    initialRow,
    evolve: { 'item.added': add('groups') },
  });
  const cards = defineTableProjection({
    name: 'cards',
    slices: slices.cards,
    onFailure: 'park',
    events,
    columns,
    key: ({ streamId }) => ({ id: streamId }),
    initialRow,
    evolve: { 'item.added': add('cards'), 'item.touched': touch() },
  });
  const pairs = defineTableProjection({
    name: 'pairs',
    slices: slices.pairs,
    onFailure: 'park',
    events,
    columns,
    key: (event) => (event.type === 'item.added' ? [{ id: event.data.group }, { id: event.streamId }] : []),
    initialRow,
    evolve: { 'item.added': add('pairs') },
  });
  const counters = defineProjection({
    name: 'counters',
    slices: slices.counters,
    onFailure: 'park',
    events,
    tables: { counters: { columns, primaryKey: ['id'] } },
    key: (event) => (event.type === 'item.added' ? event.data.group : event.streamId),
    on: {
      'item.added': (tx, { data }) => {
        check('counters', data);
        const { amount, group } = data;
        return tx
          .insertInto('counters')
          .values({ id: group, count: 1, sum: amount, chain: amount })
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet({
              count: sql`counters.count + 1`,
              sum: sql`counters.sum + ${amount}::bigint`,
              chain: sql`(counters.chain * 31 + ${amount}::bigint) % ${MODULUS}::bigint`,
            }),
          );
      },
    },
  });
  // Reads, then writes: an update that another process makes in between would be lost.
  const ledger = defineProjection({
    name: 'ledger',
    events,
    tables: { ledger: { columns, primaryKey: ['id'] } },
    on: {
      'item.touched': async (tx, { streamId: id, data }) => {
        const found = await tx.selectFrom('ledger').selectAll().where('id', '=', id).executeTakeFirst();
        midBatch();
        const row = plus(found ?? { id, ...initialRow }, data.amount);
        if (found === undefined) await tx.insertInto('ledger').values(row).execute();
        else await tx.updateTable('ledger').set(row).where('id', '=', id).execute();
      },
    },
  });

  const notices = defineReaction({
    name: 'notices',
    version: noticesVersion,
    slices: slices.notices,
    events,
    start: 'beginning',
    onFailure: 'park',
    concurrency: 5,
    retry: { attempts: 3, firstDelayMs: 30, maxDelayMs: 300 },
    timeoutMs: 4_000,
    on: {
      'item.added': async ({ position, streamId, data }) => {
        check('notices', data);
        await effect({ reaction: 'notices', key: streamId, position });
      },
    },
  });
  const tallies = defineReaction({
    name: 'tallies',
    slices: slices.tallies,
    events,
    start: 'beginning',
    key: (event) => (event.type === 'item.added' ? event.data.group : event.streamId),
    retry: { attempts: 50, firstDelayMs: 20, maxDelayMs: 200 },
    timeoutMs: 4_000,
    on: {
      'item.added': async ({ id, data }, { execute, attempt }) => {
        if (data.amount % 40 === 0 && attempt < 3) throw new Error('busy');
        await execute(tally.command.count(data.group, { source: id }));
        if (data.amount % 40 === 1 && attempt < 3)
          throw new Error('the command was executed, and then it failed');
      },
    },
  });
  return {
    aggregates: [item, tally],
    projections: [totals, live, groups, cards, pairs, counters, ledger],
    reactions: [notices, tallies],
  } as const;
}
