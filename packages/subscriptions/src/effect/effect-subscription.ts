import { storedTypesOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { FailedEvent } from '../parking/failure.ts';
import { tellParked } from '../parking/write-parking.ts';
import type { OnIncident } from '../status/subscription-incident.ts';
import { type SubscriptionDefinition, toSubscription } from '../subscription/subscription-definition.ts';
import type { Effect } from './effect.ts';
import { EffectHandler } from './effect-handler.ts';

export interface EffectSubscriptionOptions {
  readonly store: PostgresEventStore;
  readonly release?: string | undefined;
  readonly onIncident: OnIncident;
}

/** The durable subscription that runs an effect. */
export function effectSubscription(
  effect: Effect,
  { store, release, onIncident }: EffectSubscriptionOptions,
): SubscriptionDefinition {
  const { kind, name, version, slices, start, code, leastBatch, keysAtOnce } = effect;
  const definition: SubscriptionDefinition = {
    kind,
    name,
    version,
    eventTypes: storedTypesOf(effect.events, effect.eventTypes),
    declared: { kind },
    code,
    keysOf: (event) => [effect.keyOf(event)],
    slices,
    start,
    leastBatch,
    keysAtOnce,
    createHandler: (term, run) => new EffectHandler(effect, options, term, run),
    ...(effect.beside !== undefined && { beside: (term, signal) => effect.beside!(term, signal) }),
  };
  const subscription = toSubscription(definition, release);
  const options = {
    store,
    release: subscription.release,
    onRetry: (error: unknown, slice: number) =>
      onIncident({ subscription: { name, version, slice }, error, stopped: false }),
    onParked: (failed: FailedEvent, key: string, slice: number) =>
      tellParked({ store, onIncident }, subscription, { name, version, slice }, failed, [key]),
  };
  return definition;
}
