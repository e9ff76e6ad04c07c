/** The consumers of each service's messages. */
export const subscribers = {
  bookings: ['flights', 'hotels', 'cars'],
  flights: ['bookings-flights'],
  hotels: ['bookings-hotels'],
  cars: ['bookings-cars'],
} as const;

/** A service that publishes. */
export type PublisherName = keyof typeof subscribers;
