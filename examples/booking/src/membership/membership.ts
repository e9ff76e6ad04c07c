import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const none = z.object({});
const ofMonth = z.object({ month: z.int().positive() });

export const membershipEvents = defineEvents('membership', {
  begun: none,
  billed: ofMonth,
  suspended: none,
  ended: none,
});

/** A membership in the club of travellers, which costs the same each month. */
export const membership = defineAggregate({
  events: membershipEvents,
  initialState: { active: false, paidMonths: 0 },
  evolve: {
    begun: (state) => ({ ...state, active: true }),
    billed: (state, { month }) => ({ ...state, paidMonths: month }),
    suspended: (state) => ({ ...state, active: false }),
    ended: (state) => ({ ...state, active: false }),
  },
  rejections: ['already-begun', 'not-active'],
  commands: {
    begin: {
      input: none,
      decide: ({ active }, _input, emit) => (active ? reject('already-begun') : emit.begun({})),
    },
    bill: {
      input: ofMonth,
      decide: ({ active }, input, emit) => (active ? emit.billed(input) : reject('not-active')),
    },
    suspend: { input: none, decide: (_state, _input, emit) => emit.suspended({}) },
    end: { input: none, decide: (_state, _input, emit) => emit.ended({}) },
  },
});
