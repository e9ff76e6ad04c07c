/** How long the saga waits for an answer. */
export const TIMEOUT_MS = Number(process.env['BOOKING_TIMEOUT_MS'] ?? 4_000);
/** When the answer of a supplier that is late comes. */
export const LATE_MS = 1.5 * TIMEOUT_MS;

/** What the four services have in common. */
export const service = {
  app: {
    database: { url: process.env['BOOKING_DATABASE_URL'], maxConnections: 5 },
    // After a kill, the next process takes over what the killed one ran when its leases are over.
    subscriptions: { leaseMs: 1_000 },
  },
  consumer: {
    concurrency: 4,
    retry: { attempts: 20, firstDelayMs: 100, maxDelayMs: 2_000 },
  },
} as const;
