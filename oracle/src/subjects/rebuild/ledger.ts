import { defineAggregate, defineEvents, defineTableProjection } from '@leftfold/core';
import { z } from 'zod';

const ledgerEvents = defineEvents('ledger', { entered: z.object({ cents: z.int() }) });

export const ledger = defineAggregate({
  events: ledgerEvents,
  initialState: {},
  evolve: { entered: (state) => state },
  commands: {
    enter: {
      input: z.object({ cents: z.int() }),
      decide: (_, input, emit) => emit.entered(input),
    },
  },
});

/** What every entry is, so that each row can be checked by itself. */
export const CENTS = 3;

function ledgers<const TName extends string>(name: TName, mode: 'async' | 'inline') {
  return defineTableProjection({
    name,
    mode,
    events: [ledgerEvents],
    columns: { ledger_id: 'text', cents: 'bigint', entries: 'bigint' },
    key: ({ streamId }) => ({ ledger_id: streamId }),
    initialRow: { cents: 0, entries: 0 },
    evolve: {
      'ledger.entered': (row, { data }) => ({
        ...row,
        cents: row.cents + data.cents,
        entries: row.entries + 1,
      }),
    },
  });
}

export const sums = ledgers('sums', 'async');
export const inlineSums = ledgers('inline_sums', 'inline');
export const projections = [sums, inlineSums] as const;
