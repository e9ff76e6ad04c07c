/** The consumers of each service's messages. */
export const subscribers = {
  orders: ['payments'],
  payments: ['orders-payments', 'shipping'],
  shipping: ['orders-parcels'],
} as const;

/** A service that publishes. */
export type PublisherName = keyof typeof subscribers;
