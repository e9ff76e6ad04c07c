import { aggregateIdOf } from '@leftfold/core';
import { defineConsumer, defineRelay } from '@leftfold/messaging';
import { createApp } from 'leftfold';
import { bookingMessages, BOOKINGS } from '../bookings/messages.ts';
import { runService } from '../service/run-service.ts';
import { LATE_MS, service } from '../service/service-options.ts';
import { transportOf } from '../service/transport.ts';
import { deskOf } from './desk.ts';
import { supplierMessages, SUPPLIER_SOURCES } from './messages.ts';
import { reservation, reservationEvents } from './reservation.ts';
import type { SupplierName } from './supplier-name.ts';
import { treatmentOf } from './trip-case.ts';

/** Runs the service of a supplier. */
export async function runSupplier(supplier: SupplierName): Promise<void> {
  const { reserved, refused } = supplierMessages[supplier].create;

  const bookingsIn = defineConsumer({
    ...service.consumer,
    name: supplier,
    transport: transportOf('bookings'),
    sources: [BOOKINGS],
    messages: [bookingMessages],
    commands: {
      // What is for another supplier is no command.
      'bookings.wanted': ({ data: { of, tripId } }) =>
        of === supplier
          ? reservation.command.hold(tripId, { free: treatmentOf(tripId, supplier) !== 'refuses' })
          : [],
      'bookings.notWanted': ({ data: { of, tripId } }) =>
        of === supplier ? reservation.command.release(tripId, {}) : [],
    },
  });

  const answersOut = defineRelay({
    name: `${supplier}-out`,
    source: SUPPLIER_SOURCES[supplier],
    events: [reservationEvents],
    publishes: [supplierMessages[supplier]],
    map: {
      'reservation.answered': ({ streamId, data: { held } }) => {
        const tripId = aggregateIdOf(streamId);
        return held ? reserved({ tripId }) : refused({ tripId });
      },
    },
    transport: transportOf(supplier),
  });

  const app = await createApp({
    ...service.app,
    aggregates: [reservation],
    processes: [deskOf(supplier, LATE_MS)],
    relays: [answersOut],
    consumers: [bookingsIn],
  });
  runService(app);
}
