import { given, inStream } from '@leftfold/testing';
import { describe, expect, test } from 'vitest';
import { bookingWithin } from '../src/bookings/booking.ts';
import { charge } from '../src/bookings/charge.ts';
import { trip, tripEvents } from '../src/bookings/trip.ts';
import { type SupplierName, supplierNames } from '../src/suppliers/supplier-name.ts';

const TIMEOUT_MS = 1_000;
const booking = bookingWithin(TIMEOUT_MS);
const { wanted, notWanted, closed } = booking.published.create;
const tripId = 't-1';
const requested = inStream(trip.streamId(tripId), tripEvents.create.requested({ card: 'valid', cents: 5 }));
const take = charge.command.take(tripId, { card: 'valid', cents: 5 });
const confirm = trip.command.confirm(tripId, {});
const reserved = (of: SupplierName) => booking.message(`${of}.reserved`, tripId, { tripId });
const refused = (of: SupplierName) => booking.message(`${of}.refused`, tripId, { tripId });

/** A saga that waits for the answer of a supplier. */
const askedOf = (supplier: SupplierName) =>
  given(booking, [requested, ...supplierNames.slice(0, supplierNames.indexOf(supplier)).map(reserved)]);

/** What the last step published. */
function published(outcome: ReturnType<ReturnType<typeof askedOf>['when']>) {
  return outcome.outputs.flatMap((one) =>
    one.kind === 'publish' ? [{ event: one.event, data: one.data }] : [],
  );
}

const shown = ({ type, data }: { readonly type: string; readonly data: unknown }) => ({
  event: type.replace('booking.', ''),
  data,
});

/** The end of those that were asked, the last one first, and of the saga. */
const takenBack = (suppliers: readonly SupplierName[], reason: string) => [
  ...suppliers.toReversed().map((of) => shown(notWanted({ of, tripId }))),
  shown(closed({ outcome: 'compensated', reason })),
];

const steps = { flights: 'flight', hotels: 'hotel', cars: 'car' } as const;

describe('a booking', () => {
  test('asks one supplier after another, is paid, and confirmed', () => {
    const flight = given(booking).when(requested);
    expect(published(flight)).toEqual([shown(wanted({ of: 'flights', tripId }))]);
    expect(published(flight.when(reserved('flights')))).toEqual([shown(wanted({ of: 'hotels', tripId }))]);
    const end = askedOf('cars').when(reserved('cars'));
    end.thenCommands([take, confirm]).ended('completed');
    expect(published(end)).toEqual([shown(closed({ outcome: 'completed', reason: '' }))]);
  });

  test.each(supplierNames)('that %s refuse takes back what was reserved before', (of) => {
    const before = supplierNames.slice(0, supplierNames.indexOf(of));
    const end = askedOf(of).when(refused(of));
    end.thenCommands([]).ended('completed');
    expect(published(end)).toEqual(takenBack(before, `step "${steps[of]}" was refused: ${of}.refused`));
  });

  test.each(supplierNames)('that %s do not answer takes them back too', (of) => {
    const asked = supplierNames.slice(0, supplierNames.indexOf(of) + 1);
    const end = askedOf(of).after(TIMEOUT_MS);
    end.thenCommands([]).ended('completed');
    expect(published(end)).toEqual(takenBack(asked, `step "${steps[of]}" had no answer within 1000 ms`));
    end.when(reserved(of)).thenNothing().ended('completed');
  });

  test('whose card is declined takes everything back', () => {
    const end = askedOf('cars').rejecting(take, 'declined').when(reserved('cars'));
    end.thenCommands([take]).ended('completed');
    expect(published(end)).toEqual(takenBack(supplierNames, 'step "pay" was refused: declined'));
  });
});
