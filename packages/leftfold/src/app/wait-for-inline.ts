import { type AnyProjection, LeftfoldError } from '@leftfold/core';
import type { ProjectionRunner } from '@leftfold/projections';

/**
 * Waits until appends apply the inline projections.
 *
 * A stopped projection is not waited for: `onIncident` was told, and the app must run so that it can be resumed.
 */
export async function waitForInline(
  runner: ProjectionRunner,
  projections: readonly AnyProjection[],
): Promise<void> {
  const inline = projections.filter(({ mode }) => mode === 'inline');
  await Promise.all(
    inline.map((projection) =>
      runner.whenCaughtUp(projection).catch((error: unknown) => {
        if (!LeftfoldError.is(error) || error.code !== 'SUBSCRIPTION_FAILED') throw error;
      }),
    ),
  );
}
