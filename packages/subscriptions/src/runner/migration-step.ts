import { LeftfoldError, MigrationFailedError } from '@leftfold/core';
import { toLeftfoldError } from '@leftfold/postgres';
import type { Mismatches } from '../subscription/mismatches.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';

/** The store that is migrated. */
interface Migrated {
  readonly schema: string;
}

/** Creates what a handler writes to. @throws like {@link migrationStep} */
export async function prepareSubscription(
  store: Migrated,
  mismatches: Mismatches,
  subscription: Subscription,
): Promise<void> {
  const { kind, ref } = subscription;
  await migrationStep(store, `${kind} "${ref.name}"`, () => mismatches.prepare(subscription));
}

/**
 * Runs a part of a migration that the application or a definition gives.
 *
 * @param step what it is, for the error
 * @throws MigrationFailedError for any error but those of the framework, and those of the database's state
 */
export async function migrationStep(
  { schema }: Migrated,
  step: string,
  run: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    if (isTold(thrown, schema)) throw thrown;
    throw new MigrationFailedError(step, { cause: thrown });
  }
}

/** The log is migrated before, so that what a statement does not find is something else. */
function isTold(thrown: unknown, schema: string): boolean {
  if (LeftfoldError.is(thrown)) return true;
  const error = toLeftfoldError(thrown, schema);
  return LeftfoldError.is(error) && error.code !== 'SCHEMA_NOT_MIGRATED';
}
