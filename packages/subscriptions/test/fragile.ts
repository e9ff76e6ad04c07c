import type { PostgresEventStore } from '@leftfold/event-store';
import type { SubscriptionDefinition, SubscriptionRunner } from '../src/index.ts';
import { added, recorder } from './recorder.ts';

interface Fragile {
  /** Amounts that fail. */
  readonly poison: Set<number>;
  readonly subscription: SubscriptionDefinition;
}

/** Parks the stream of an event whose amount is poison. */
export function fragile(
  store: PostgresEventStore,
  poison: readonly number[],
  onEvent: (amount: number) => Promise<unknown> = async () => {},
): Fragile {
  const fails = new Set(poison);
  const subscription = recorder(store, 'fragile', {
    onEvent: async ({ data }) => {
      const { amount } = data as { amount: number };
      await onEvent(amount);
      if (fails.has(amount)) throw new Error(`${amount} is refused`);
    },
  });
  return { poison: fails, subscription: { ...subscription, onFailure: 'park' } };
}

/** Appends amounts: those of a hundred and more to the stream "counter-a", the others to "counter-b". */
export async function append(store: PostgresEventStore, amounts: readonly number[]): Promise<void> {
  for (const amount of amounts) await store.append(amount < 100 ? 'counter-b' : 'counter-a', [added(amount)]);
}

/** How much is parked of the first subscription of a runner. */
export const parkedOf = async (runner: SubscriptionRunner) => (await runner.status())[0]?.parked;
