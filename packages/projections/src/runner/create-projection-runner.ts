import { assertObject, reading } from '@leftfold/core/input';
import type { ProjectionRunnerOptions } from './projection-runner-options.ts';
import { ProjectionRunner } from './projection-runner.ts';

/**
 * Creates a runner that keeps read models up to date. It makes no request to the database until `start()` or another
 * method is called.
 *
 * @throws DuplicateDefinitionError when two projections have the same name and version.
 * @throws InvalidDefinitionError when a definition cannot become tables.
 * @throws ProjectionModeMismatchError when the store's appends do not apply an inline projection.
 * @throws InvalidArgumentError when a version, `leaseMs` or `batchSize` is out of range, or an option is misspelt.
 *
 * @example
 * ```ts
 * await using runner = createProjectionRunner({ store, projections: [balances, owners] });
 * await runner.start(); // creates tables and checkpoints, then follows the log
 *
 * const { events } = await store.append('account-1', [deposited({ cents: 500 })]);
 * await runner.waitFor(balances, tokenOf(events.at(-1)));
 * ```
 */
export function createProjectionRunner(options: ProjectionRunnerOptions): ProjectionRunner {
  assertObject('an object', 'options', options);
  return new ProjectionRunner(reading('options', () => ({ ...options })));
}
