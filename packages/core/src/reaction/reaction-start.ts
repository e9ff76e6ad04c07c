import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertInstant, assertWhole } from '../input/assert-argument.ts';
import { reading } from '../input/reading.ts';

/**
 * Where a reaction begins in the log when it is first migrated. `end`: with the events after that. `time`: with the first
 * event that was recorded then or later.
 */
export type ReactionStart = 'end' | 'beginning' | { readonly position: number } | { readonly time: Date };

/** @throws InvalidArgumentError */
export function assertReactionStart(start: unknown): void {
  if (start === 'end' || start === 'beginning') return;
  if (typeof start === 'object' && start !== null) {
    const { position, time } = reading('start', (): { position?: unknown; time?: unknown } => ({ ...start }));
    if (position !== undefined) return assertWhole('start.position', position);
    if (time !== undefined) return assertInstant('start.time', time);
  }
  throw InvalidArgumentError.notOneOf('"end", "beginning", { position } or { time }', 'start', start);
}
