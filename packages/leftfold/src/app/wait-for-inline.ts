import { type AnyProjection, LeftfoldError } from '@leftfold/core';
import type { ProjectionRunner } from '@leftfold/projections';

/**
 * Waits until appends apply the inline projections.
 *
 * One that is stopped is passed over: whoever listens was told of it, and the app has to run for it to be restarted.
 */
export async function waitForInline(
  runner: ProjectionRunner,
  projections: readonly AnyProjection[],
): Promise<void> {
  const inline = projections.filter(({ mode }) => mode === 'inline');
  await Promise.all(
    inline.map((projection) =>
      runner.whenCaughtUp(projection).catch((error: unknown) => {
        if (!LeftfoldError.is(error) || error.code !== 'PROJECTION_FAILED') throw error;
      }),
    ),
  );
}
