import { channel } from 'node:diagnostics_channel';
import {
  LeftfoldError,
  type SubscriptionLeaseMessage,
  type SubscriptionStalledMessage,
  type SubscriptionStoppedMessage,
} from '@leftfold/core';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { keyOf } from '../subscription/subscription-key.ts';
import { guarded, type OnIncident, type SubscriptionIncident, warner } from './subscription-incident.ts';

const stoppedChannel = channel('leftfold:subscription.stopped');
const stalledChannel = channel('leftfold:subscription.stalled');
const leaseChannel = channel('leftfold:subscription.lease');

/** Publishes stops and stalls on their channels, before a callback gets them as incidents. @default warnings of the process */
export function publishing(schema: string, onIncident: OnIncident = warner()): OnIncident {
  const tell = guarded(onIncident);
  return (incident) => {
    publishIncident(schema, incident);
    tell(incident);
  };
}

function publishIncident(schema: string, { subscription, error, stopped }: SubscriptionIncident): void {
  if (subscription === undefined || !LeftfoldError.is(error)) return;
  const { name, version, slice = 0 } = subscription;
  const key = { schema, name, version, slice };
  if (stopped && error.code === 'SUBSCRIPTION_FAILED' && stoppedChannel.hasSubscribers) {
    const message: SubscriptionStoppedMessage = { ...key, position: error.position, type: error.eventType };
    stoppedChannel.publish(message);
  }
  if (error.code === 'SUBSCRIPTION_STALLED' && stalledChannel.hasSubscribers) {
    const message: SubscriptionStalledMessage = { ...key, position: error.position };
    stalledChannel.publish(message);
  }
}

/** This process begins to work on a slice, or has ended. */
export function publishLease(
  schema: string,
  term: LeaseTerm,
  change: SubscriptionLeaseMessage['change'],
): void {
  if (!leaseChannel.hasSubscribers) return;
  const message: SubscriptionLeaseMessage = { schema, ...keyOf(term), change, epoch: term.epoch };
  leaseChannel.publish(message);
}
