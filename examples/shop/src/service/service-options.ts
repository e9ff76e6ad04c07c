/** What the three services have in common. */
export const service = {
  app: {
    database: { url: process.env['SHOP_DATABASE_URL'], maxConnections: 5 },
    // After a kill, the next process takes over what the killed one ran when its leases are over.
    subscriptions: { leaseMs: 1_000 },
  },
  consumer: {
    concurrency: 4,
    // What is too early for an aggregate is rejected, and tried again.
    retry: { attempts: 20, firstDelayMs: 100, maxDelayMs: 2_000 },
  },
} as const;
