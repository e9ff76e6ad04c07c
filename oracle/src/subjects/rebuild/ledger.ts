import { defineAggregate, defineEvents, defineTableProjection } from '@leftfold/core';
import { z } from 'zod';

const entered = z.object({ cents: z.int() });
const ledgerEvents = defineEvents('ledger', { entered });
const tillEvents = defineEvents('till', { entered });

/** Its entries are summed by the asynchronous read model only, so that many commands are one commit. */
export const ledger = defineAggregate({
  events: ledgerEvents,
  initialState: {},
  evolve: { entered: (state) => state },
  commands: { enter: { input: entered, decide: (_, input, emit) => emit.entered(input) } },
});

/** Its entries are summed by both: an append applies the inline one, in a transaction of its own. */
export const till = defineAggregate({
  events: tillEvents,
  initialState: {},
  evolve: { entered: (state) => state },
  commands: { enter: { input: entered, decide: (_, input, emit) => emit.entered(input) } },
});

/** What every entry is, so that each row can be checked by itself. */
export const CENTS = 3;

const shape = {
  columns: { stream_id: 'text', cents: 'bigint', entries: 'bigint' },
  key: ({ streamId }: { readonly streamId: string }) => ({ stream_id: streamId }),
  initialRow: { cents: 0, entries: 0 },
} as const;

interface Sum {
  readonly cents: number;
  readonly entries: number;
}

const add = <TRow extends Sum>(row: TRow, { data }: { readonly data: z.output<typeof entered> }): TRow => ({
  ...row,
  cents: row.cents + data.cents,
  entries: row.entries + 1,
});

export const sums = defineTableProjection({
  name: 'sums',
  events: [ledgerEvents, tillEvents],
  ...shape,
  evolve: { 'ledger.entered': add, 'till.entered': add },
});

export const inlineSums = defineTableProjection({
  name: 'inline_sums',
  mode: 'inline',
  events: [tillEvents],
  ...shape,
  evolve: { 'till.entered': add },
});

export const projections = [sums, inlineSums] as const;
