import type { ConsumerIncident } from '@leftfold/messaging';
import type { SubscriptionIncident } from '@leftfold/subscriptions';
import type { AppIncident } from './app.ts';

/** What the runners of an app call. Undefined without a callback: then those that need an operator become warnings. */
export function incidentCallbacks(onIncident: ((incident: AppIncident) => void) | undefined) {
  if (onIncident === undefined) return { ofSubscriptions: undefined, ofConsumers: undefined };
  return {
    ofSubscriptions: (incident: SubscriptionIncident) => onIncident({ ...incident, consumer: undefined }),
    ofConsumers: (incident: ConsumerIncident) => onIncident({ ...incident, subscription: undefined }),
  };
}
