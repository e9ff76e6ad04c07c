import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { membership, membershipEvents } from './membership.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const ATTEMPTS = 3;

/**
 * Bills a membership each month, on the day on which it began. What is rejected is tried again two times, after three days
 * each; then the membership is suspended.
 */
export const billing = defineProcess({
  name: 'billing',
  events: [membershipEvents],
  deadlines: ['next-month', 'try-again'],
  starts: ['membership.begun'],
  correlate: {
    'membership.begun': ({ streamId }) => aggregateIdOf(streamId),
    'membership.ended': ({ streamId }) => aggregateIdOf(streamId),
  },
  initialState: { id: '', begunAt: '', month: 1, attempts: 0 },
  evolve: {
    'membership.begun': (state, { streamId, recordedAt }) => ({
      ...state,
      id: aggregateIdOf(streamId),
      begunAt: recordedAt,
    }),
    rejected: (state) => ({ ...state, attempts: state.attempts + 1 }),
    deadline: (state, { name }) =>
      name === 'next-month' ? { ...state, month: state.month + 1, attempts: 0 } : state,
  },
  react: {
    'membership.begun': ({ id, begunAt, month }, _input, out) => [
      out.execute(membership.command.bill(id, { month })),
      out.schedule('next-month', { at: monthsAfter(begunAt, month) }),
    ],
    deadline: ({ id, begunAt, month }, { name }, out) => {
      const bill = out.execute(membership.command.bill(id, { month }));
      if (name === 'try-again') return bill;
      // A month that is still to be tried again is over: its attempts end.
      return [bill, out.cancel('try-again'), out.schedule('next-month', { at: monthsAfter(begunAt, month) })];
    },
    rejected: ({ id, attempts }, _input, out) =>
      attempts < ATTEMPTS
        ? out.schedule('try-again', { afterMs: 3 * DAY_MS })
        : [out.execute(membership.command.suspend(id, {})), out.complete()],
    'membership.ended': (_state, _input, out) => out.complete(),
  },
  summary: ({ month, attempts }) =>
    attempts === 0 ? `month ${month}` : `month ${month}, ${attempts} times rejected`,
});

/** The same day of a later month, or the last one of a shorter month. */
export function monthsAfter(begunAt: string, months: number): Date {
  const begun = new Date(begunAt);
  const day = begun.getUTCDate();
  const later = new Date(begun);
  later.setUTCDate(1);
  later.setUTCMonth(begun.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  later.setUTCDate(Math.min(day, lastDay));
  return later;
}
