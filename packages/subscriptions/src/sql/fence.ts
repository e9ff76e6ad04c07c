import { uuidv7 } from '@leftfold/core';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { releaseLeases } from './leases.ts';
import { seizeLease } from './reset.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Ends the leases of all slices of a subscription in the caller's transaction: what their owners have not committed is
 * never written, and what they keep in memory is discarded. Any process, also a former owner, takes them after that.
 *
 * SQL: two UPDATEs; waits for transactions that are changing a row.
 */
export async function fenceLeases(connection: SchemaConnection, ref: SubscriptionRef): Promise<void> {
  const owner = `fence/${uuidv7(Date.now())}`;
  const leaseMs = 0;
  const { name, version } = ref;
  const leases = await seizeLease(connection, ref, { owner, leaseMs, inline: false });
  await releaseLeases(
    connection,
    owner,
    leases.map(({ slice, epoch }) => ({ name, version, slice, epoch, owner, leaseMs })),
  );
}
