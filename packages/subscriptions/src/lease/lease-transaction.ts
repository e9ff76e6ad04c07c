import { createHash } from 'node:crypto';
import type { TransactionOptions } from '@leftfold/postgres';
import type { HeldLease } from '../sql/leases.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/** Longest `application_name` of a session, in bytes. */
const MAX_NAME_LENGTH = 63;

/**
 * Options of the transactions that one lease term allows: they end with it, and the process that takes the lease next
 * finds by their `application_name`, such as `leftfold 3f0c9a51d2e7:12 balances`, what this one has left open.
 */
export function leaseTransaction(schema: string, lease: HeldLease): TransactionOptions {
  // The hash is first: a name may be longer than what PostgreSQL keeps, and it keeps ASCII only.
  const plain = lease.name.replaceAll(/[^ -~]/g, '?');
  const applicationName = `leftfold ${hashOfKey(schema, lease)}:${lease.epoch} ${plain}`;
  return { applicationName: applicationName.slice(0, MAX_NAME_LENGTH), signal: lease.signal };
}

/** Identifies a subscription among all of a server. */
export function hashOfKey(schema: string, { name, version, slice }: SubscriptionKey): string {
  const text = JSON.stringify([schema, name, version, slice]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
