import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { z } from 'zod';
import { request, requestEvents } from './transfers.ts';

export interface PaymentOptions {
  /** @default 60000 */
  readonly withinMs?: number;
  /** When the reminder is due, instead. */
  readonly at?: Date;
  readonly slices?: number;
}

/** Waits for a payment after a request, and reminds of it once when it does not come. */
export function paymentWithin({ withinMs = 60_000, at, ...options }: PaymentOptions = {}) {
  return defineProcess({
    name: 'payment',
    ...options,
    events: [requestEvents],
    messages: {
      'payments.paid': z.object({ cents: z.int() }),
      'payments.noted': z.object({ text: z.string() }),
    },
    deadlines: ['reminder', 'too-late'],
    starts: ['request.made'],
    correlate: { 'request.made': ({ streamId }) => aggregateIdOf(streamId) },
    initialState: { cents: 0, paid: 0, log: [] as string[] },
    evolve: {
      'request.made': (state, { data }) => ({ ...state, cents: data.cents, log: ['made'] }),
      'payments.paid': (state, { data }) => ({
        ...state,
        paid: state.paid + data.cents,
        log: [...state.log, `paid ${data.cents}`],
      }),
      'payments.noted': (state, { data }) => ({ ...state, log: [...state.log, data.text] }),
      deadline: (state, { name }) => ({ ...state, log: [...state.log, name] }),
      accepted: (state, { as = '' }) => ({ ...state, log: [...state.log, `accepted ${as}`] }),
    },
    react: {
      'request.made': (_state, _input, out) =>
        at === undefined
          ? out.waitFor('payments.paid', { withinMs, deadline: 'reminder' })
          : out.schedule('reminder', { at }),
      'payments.paid': ({ cents, paid }, _input, out) => (paid >= cents ? out.complete() : []),
      'payments.noted': (_state, { data }, out) => {
        switch (data.text) {
          case 'later':
            return out.schedule('reminder', { afterMs: 60_000 });
          case 'soon':
            return out.schedule('reminder', { afterMs: 0 });
          case 'never':
            return out.cancel('reminder');
          default:
            return [];
        }
      },
      deadline: (_state, { name }, out) =>
        name === 'reminder'
          ? [
              out.execute(request.command.remind('reminders', {}), { as: name }),
              out.schedule('too-late', { afterMs: 60_000 }),
            ]
          : out.fail(name),
      cancelled: (_state, { reason }, out) => [out.fail(`cancelled: ${reason}`)],
    },
  });
}
