import type { Progress } from '../sql/progress.ts';

/** For whom a slice waits that does not move, in words. */
export function heldBy({ held_by: session }: Pick<Progress, 'held_by'>): string | undefined {
  return session === null ? undefined : `it waits for ${session}, which has not ended; end that session`;
}
