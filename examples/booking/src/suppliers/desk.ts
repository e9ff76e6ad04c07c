import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { reservation, reservationEvents } from './reservation.ts';
import type { SupplierName } from './supplier-name.ts';
import { treatmentOf } from './trip-case.ts';

/** The desk of a supplier: it answers requests at once, late, or never. What is late outlives a kill. */
export function deskOf(supplier: SupplierName, lateMs: number) {
  return defineProcess({
    name: 'desk',
    events: [reservationEvents],
    deadlines: ['late'],
    starts: ['reservation.held', 'reservation.refused'],
    correlate: {
      'reservation.held': ({ streamId }) => aggregateIdOf(streamId),
      'reservation.refused': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: { tripId: '' },
    evolve: {
      'reservation.held': (_state, { streamId }) => ({ tripId: aggregateIdOf(streamId) }),
      'reservation.refused': (_state, { streamId }) => ({ tripId: aggregateIdOf(streamId) }),
    },
    react: {
      'reservation.held': ({ tripId }, _input, out) => {
        switch (treatmentOf(tripId, supplier)) {
          case 'is-silent':
            return out.complete();
          case 'is-late':
            return out.schedule('late', { afterMs: lateMs });
          case 'holds':
          case 'refuses':
            return [out.execute(reservation.command.answer(tripId, {})), out.complete()];
        }
      },
      'reservation.refused': ({ tripId }, _input, out) => [
        out.execute(reservation.command.answer(tripId, {})),
        out.complete(),
      ],
      deadline: ({ tripId }, _input, out) => [
        out.execute(reservation.command.answer(tripId, {})),
        out.complete(),
      ],
    },
  });
}
