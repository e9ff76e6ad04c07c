import { createHash } from 'node:crypto';
import type { AnyAggregate } from '@leftfold/core';

/**
 * Identifies what an aggregate's state means. A snapshot under another key is not found.
 *
 * It changes with the aggregate's name, its `stateVersion`, its initial state, and the names and schema versions of
 * its events, and what its retired events are read as. A change of `evolve` alone shows in none of these: raise `stateVersion` with it.
 */
export function snapshotKeyOf(aggregate: AnyAggregate): string {
  const { name, stateVersion, initialState, events } = aggregate;
  const types = events.definitions.map(({ type, schemaVersion }) => [type, schemaVersion]);
  const retired = events.retired.map(({ type, schemaVersion, targets }) => [
    type,
    schemaVersion,
    [...targets.keys()],
  ]);
  const meaning = JSON.stringify([name, stateVersion, initialState, types, ...retired]);
  return `${name}/${stateVersion}/${createHash('sha256').update(meaning).digest('hex').slice(0, 16)}`;
}
