import {
  AppendConditionFailedError,
  type ConflictAttempts,
  type ErrorCode,
  LeftfoldError,
  StreamVersionConflictError,
} from '@leftfold/core';
import type { ConflictError } from './command-result.ts';

/** Another writer came first: the decision rests on what no longer holds. */
export function isConflict(error: unknown): error is ConflictError {
  return hasCode(error, 'STREAM_VERSION_CONFLICT') || hasCode(error, 'APPEND_CONDITION_FAILED');
}

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return LeftfoldError.is(error) && error.code === code;
}

/**
 * The error of the last attempt, with what was tried before.
 *
 * @param conflicts one for each attempt that lost, the last one last
 */
export function lastConflict(
  error: ConflictError,
  conflicts: readonly ConflictError[],
  tried: Omit<ConflictAttempts, 'contended'>,
): ConflictError {
  const options = { cause: error, tried: { ...tried, contended: mostContended(conflicts) } };
  return error.code === 'STREAM_VERSION_CONFLICT'
    ? new StreamVersionConflictError(error.streamId, error.expectedVersion, error.actual, options)
    : new AppendConditionFailedError(error, error, options);
}

function mostContended(conflicts: readonly ConflictError[]): ConflictAttempts['contended'] {
  const counts = new Map<string, ConflictAttempts['contended']>();
  for (const { kind, name } of conflicts.flatMap(contendedIn)) {
    const key = `${kind} ${name}`;
    counts.set(key, { kind, name, conflicts: (counts.get(key)?.conflicts ?? 0) + 1 });
  }
  // Those of the last conflict first: it is what the error is about.
  return [...counts.values()]
    .toReversed()
    .reduce((most, one) => (one.conflicts > most.conflicts ? one : most));
}

function contendedIn(error: ConflictError): readonly Pick<ConflictAttempts['contended'], 'kind' | 'name'>[] {
  if (error.code === 'STREAM_VERSION_CONFLICT') return [{ kind: 'stream', name: error.streamId }];
  if (error.tags.length === 0) return [{ kind: 'type', name: error.type }];
  return error.tags.map((name) => ({ kind: 'tag', name }));
}
