import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

/** The kind of an invoice, from its number: `C…` is a cancellation, `A…` adjusts a bad debt, any other is a sale. */
const invoiceKind = z.enum(['sale', 'cancellation', 'adjustment']);

const line = z.object({
  stockCode: z.string().min(1),
  description: z.string(),
  quantity: z.int(),
  /** Thousandths of a pound, since prices have up to three decimals. Negative in an adjustment. */
  unitPriceMils: z.int(),
  /** As in the file, without a time zone. */
  at: z.iso.datetime({ local: true }),
});

const party = z.object({ customerId: z.string().nullable(), country: z.string().min(1) });
const recordedLine = line.extend(party.shape);

export const invoiceEvents = defineEvents('invoice', {
  opened: party.extend({ kind: invoiceKind }),
  'line-sold': recordedLine,
  'line-cancelled': recordedLine,
  'stock-written-off': recordedLine,
  'debt-adjusted': recordedLine,
});

export const invoice = defineAggregate({
  events: invoiceEvents,
  initialState: { opened: false, lines: 0 },
  evolve: {
    opened: (state) => ({ ...state, opened: true }),
    'line-sold': oneMoreLine,
    'line-cancelled': oneMoreLine,
    'stock-written-off': oneMoreLine,
    'debt-adjusted': oneMoreLine,
  },
  rejections: ['lines-missing'],
  commands: {
    /** Records consecutive lines of an invoice. Lines that are recorded already are left out. */
    record: {
      input: party.extend({ kind: invoiceKind, firstLine: z.int().positive(), lines: z.array(line).min(1) }),
      decide: (state, { kind, customerId, country, firstLine, lines }, emit) => {
        const before = firstLine - 1;
        if (state.lines < before) return reject('lines-missing', { recorded: state.lines, firstLine });
        const opening = state.opened ? [] : [emit.opened({ kind, customerId, country })];
        const added = lines.slice(state.lines - before).map((added) => {
          const data = { ...added, customerId, country };
          if (kind === 'adjustment') return emit['debt-adjusted'](data);
          if (kind === 'cancellation') return emit['line-cancelled'](data);
          return added.quantity < 0 ? emit['stock-written-off'](data) : emit['line-sold'](data);
        });
        return [...opening, ...added];
      },
    },
  },
});

function oneMoreLine(state: { readonly opened: boolean; readonly lines: number }) {
  return { ...state, lines: state.lines + 1 };
}
