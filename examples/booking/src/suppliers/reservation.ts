import { defineAggregate, defineEvents } from '@leftfold/core';
import { z } from 'zod';

const none = z.object({});

interface ReservationState {
  readonly state: 'none' | 'held' | 'refused' | 'released';
  readonly wasHeld: boolean;
}

const noReservation: ReservationState = { state: 'none', wasHeld: false };

export const reservationEvents = defineEvents('reservation', {
  held: none,
  refused: none,
  released: none,
  answered: z.object({ held: z.boolean() }),
});

/**
 * What a supplier has for a trip, with the trip's id.
 *
 * The request and its end may come in any order and more than once: the same request has the same answer, an end without a
 * request is remembered, and a request after its end is refused.
 */
export const reservation = defineAggregate({
  events: reservationEvents,
  initialState: noReservation,
  evolve: {
    held: () => ({ state: 'held' as const, wasHeld: true }),
    refused: (before) => ({ ...before, state: 'refused' as const }),
    released: (before) => ({ ...before, state: 'released' as const }),
    answered: (state) => state,
  },
  commands: {
    hold: {
      input: z.object({ free: z.boolean() }),
      decide: ({ state }, { free }, emit) => {
        if (state === 'held' || state === 'refused') return [];
        return free && state === 'none' ? emit.held({}) : emit.refused({});
      },
    },
    release: {
      input: none,
      decide: ({ state }, _input, emit) =>
        state === 'released' || state === 'refused' ? [] : emit.released({}),
    },
    answer: {
      input: none,
      decide: ({ wasHeld }, _input, emit) => emit.answered({ held: wasHeld }),
    },
  },
});
