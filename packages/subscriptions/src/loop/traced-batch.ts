import { tracingChannel } from 'node:diagnostics_channel';
import { type SubscriptionBatchTrace, traced } from '@leftfold/core';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

const channel = tracingChannel<unknown, SubscriptionBatchTrace>('leftfold:subscription.batch');

/** Publishes the write of a batch on the tracing channel `leftfold:subscription.batch`. */
export function tracedBatch(
  schema: string,
  { name, version, slice }: SubscriptionKey,
  batch: { readonly from: number; readonly to: number; readonly eventCount: number },
  write: () => Promise<boolean>,
): Promise<boolean> {
  const messageOf = (): SubscriptionBatchTrace => ({ schema, name, version, slice, ...batch });
  return traced(channel, write, messageOf, (message, applied) => {
    message.applied = applied;
  });
}
