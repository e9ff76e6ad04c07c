import type { SubscriptionRunnerOptions } from './runner-options.ts';
import { SubscriptionRunner } from './subscription-runner.ts';

/**
 * Creates a runner for durable subscriptions. It makes no request to the database until `start()` or another method is
 * called.
 *
 * @throws DuplicateDefinitionError when two subscriptions have the same name and version.
 * @throws InvalidArgumentError when `leaseMs` is below 100 or `batchSize` below 1, or an option is misspelt.
 *
 * @example
 * ```ts
 * const counter: SubscriptionDefinition = {
 *   name: 'deposits',
 *   version: 1,
 *   eventTypes: ['account.deposited'],
 *   createHandler: (term) => ({
 *     prepare: async ({ from, to, events }) => ({
 *       to,
 *       eventCount: events.length,
 *       grows: false,
 *       write: () =>
 *         writeInTransaction(store, { lease: term, from, to }, ({ tx }) =>
 *           sql`update counters set deposits = deposits + ${events.length}`.execute(tx),
 *         ),
 *     }),
 *   }),
 * };
 * await using runner = createSubscriptionRunner({ store, subscriptions: [counter] });
 * await runner.start();
 * ```
 */
export function createSubscriptionRunner(options: SubscriptionRunnerOptions): SubscriptionRunner {
  return new SubscriptionRunner(options);
}
