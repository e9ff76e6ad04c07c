/** How long the leases of the processes last. */
export const LEASE_MS = 1_200;
