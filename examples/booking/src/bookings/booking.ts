import { aggregateIdOf, defineSaga } from '@leftfold/core';
import { z } from 'zod';
import { charge } from './charge.ts';
import { ofSupplier } from './messages.ts';
import { trip, tripEvents } from './trip.ts';

const ofTrip = z.object({ tripId: z.string() });

/**
 * A trip has a flight, a hotel and a car, and is paid, or has none of them. Three services are asked, one after another; a
 * step without an answer in time counts as unknown, and is taken back like those that were done.
 */
export function bookingWithin(timeoutMs: number) {
  return defineSaga('booking', {
    events: [tripEvents],
    messages: {
      'flights.reserved': ofTrip,
      'flights.refused': ofTrip,
      'hotels.reserved': ofTrip,
      'hotels.refused': ofTrip,
      'cars.reserved': ofTrip,
      'cars.refused': ofTrip,
    },
    publishes: {
      wanted: ofSupplier,
      notWanted: ofSupplier,
      closed: z.object({ outcome: z.enum(['completed', 'compensated']), reason: z.string() }),
    },
    startedBy: 'trip.requested',
    correlate: { 'trip.requested': ({ streamId }) => aggregateIdOf(streamId) },
    ended: ({ outcome, reason }, out) => out.publish.closed({ outcome, reason }),
  })
    .step('flight', {
      run: ({ id: tripId }, out) => out.publish.wanted({ of: 'flights', tripId }),
      answers: { done: ['flights.reserved'], refused: ['flights.refused'] },
      compensate: ({ id: tripId }, out) => out.publish.notWanted({ of: 'flights', tripId }),
      timeoutMs,
    })
    .step('hotel', {
      run: ({ id: tripId }, out) => out.publish.wanted({ of: 'hotels', tripId }),
      answers: { done: ['hotels.reserved'], refused: ['hotels.refused'] },
      compensate: ({ id: tripId }, out) => out.publish.notWanted({ of: 'hotels', tripId }),
      timeoutMs,
    })
    .step('car', {
      run: ({ id: tripId }, out) => out.publish.wanted({ of: 'cars', tripId }),
      answers: { done: ['cars.reserved'], refused: ['cars.refused'] },
      compensate: ({ id: tripId }, out) => out.publish.notWanted({ of: 'cars', tripId }),
      timeoutMs,
    })
    .pivot('pay', { run: ({ id, input: { card, cents } }) => charge.command.take(id, { card, cents }) })
    .step('confirm', { run: ({ id }) => trip.command.confirm(id, {}) })
    .build();
}
