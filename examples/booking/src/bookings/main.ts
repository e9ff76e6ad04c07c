// The service of the bookings, a process of its own.
import { defineConsumer, defineRelay } from '@leftfold/messaging';
import { createApp } from 'leftfold';
import { runService } from '../service/run-service.ts';
import { service, TIMEOUT_MS } from '../service/service-options.ts';
import { transportOf } from '../service/transport.ts';
import { supplierMessages, SUPPLIER_SOURCES } from '../suppliers/messages.ts';
import { type SupplierName, supplierNames } from '../suppliers/supplier-name.ts';
import { caseOf } from '../suppliers/trip-case.ts';
import { bookingWithin } from './booking.ts';
import { charge } from './charge.ts';
import { bookingMessages, BOOKINGS } from './messages.ts';
import { trip } from './trip.ts';

const booking = bookingWithin(TIMEOUT_MS);
const { wanted, notWanted } = bookingMessages.create;

const requestsOut = defineRelay({
  name: 'bookings-out',
  source: BOOKINGS,
  events: [booking.published],
  publishes: [bookingMessages],
  map: {
    'booking.wanted': ({ data }) => wanted(data),
    'booking.notWanted': ({ data }) => notWanted(data),
  },
  transport: transportOf('bookings'),
});

/** A handler and no `commands`: a saga that has ended rejects a late answer, and there is nothing to do then. */
const answersOf = (supplier: SupplierName) =>
  defineConsumer({
    ...service.consumer,
    name: `bookings-${supplier}`,
    transport: transportOf(supplier),
    sources: [SUPPLIER_SOURCES[supplier]],
    messages: [supplierMessages[supplier]],
    handle: async ({ type, data }, { execute }) => {
      await execute(booking.message(type, data.tripId, data));
    },
  });

const app = await createApp({
  ...service.app,
  aggregates: [trip, charge],
  processes: [booking],
  relays: [requestsOut],
  consumers: supplierNames.map(answersOf),
});

runService(app, async (trips) => {
  for (const id of trips) {
    const card = caseOf(id) === 'declined' ? 'expired' : 'valid';
    // With an id, a trip is requested once by restarted processes too.
    await app.execute(trip.command.request(id, { card, cents: 90_000 }), { commandId: `request-${id}` });
  }
});
