import type { AggregateRead } from '../aggregate/aggregate-read.ts';
import type { AnyAggregate } from '../aggregate/define-aggregate.ts';
import { MAX_CONDITION_QUERIES } from '../append/append-limits.ts';
import { InvalidCommandError, InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName, shownValue } from '../errors/shown.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertFreeName } from '../naming/names.ts';
import type { AnyFold, FoldRead } from './define-fold.ts';

/** What a decision reads under one role: an aggregate, a fold, or a list of folds. */
export type RoleRead = AggregateRead<AnyAggregate> | FoldRead<AnyFold> | readonly FoldRead<AnyFold>[];

/** What a decision reads, by role. */
export type ReadsByRole = Readonly<Record<string, RoleRead>>;

/** The states that a decision is made on, by role; a list for a list of folds. */
export type StatesOf<TReads> = { readonly [TRole in keyof TReads]: StateOfRead<TReads[TRole]> };

type StateOfRead<TRead> = TRead extends { readonly aggregate: { readonly initialState: infer TState } }
  ? TState
  : TRead extends { readonly fold: { readonly initialState: infer TState } }
    ? TState
    : TRead extends readonly { readonly fold: { readonly initialState: infer TState } }[]
      ? readonly TState[]
      : never;

/** The roles of aggregates. */
export type AggregateRoles<TReads> = {
  [TRole in keyof TReads & string]: TReads[TRole] extends { readonly aggregate: unknown } ? TRole : never;
}[keyof TReads & string];

/** The aggregate of a role. */
export type AggregateIn<TRead> = TRead extends { readonly aggregate: infer TAggregate } ? TAggregate : never;

/** Aggregates of a decision. Each of them is loaded for each command, and a lock is taken for each. */
const MAX_AGGREGATES = 100;

/**
 * @param reads what the function of the decision returned
 * @throws InvalidDefinitionError when it is not an object with an aggregate, a fold or a list of folds for each role
 * @throws InvalidNameError when a role has a name that would hide a member of every object, or an id is none
 * @throws InvalidCommandError when one aggregate has two roles
 */
export function checkedReads<TReads extends ReadsByRole>(decision: string, reads: TReads): TReads {
  const owner = `reads of decision "${decision}"`;
  if (typeof reads !== 'object' || reads === null || Array.isArray(reads) || !isPlainObject(reads))
    throw new InvalidDefinitionError(
      `${owner} returned ${shownValue(reads)}; return an object such as { role: aggregate.at(id) } or { role: fold.for({ key: value }) }`,
    );
  let aggregates = 0;
  let folds = 0;
  for (const [role, read] of Object.entries(reads)) {
    assertFreeName('role', role);
    const parts: readonly unknown[] = Array.isArray(read) ? read : [read];
    for (const part of parts) {
      if (isFoldRead(part)) folds += 1;
      else if (isAggregateRead(part) && !Array.isArray(read)) aggregates += 1;
      else
        throw new InvalidDefinitionError(
          `${owner} returned ${shownValue(part)} for role ${shownName(role)}; return aggregate.at(id), fold.for({ key: value }), fold.all(), or a list of folds`,
        );
    }
  }
  if (aggregates > MAX_AGGREGATES)
    throw new InvalidDefinitionError(
      `${owner} returned ${aggregates} aggregates, the limit is ${MAX_AGGREGATES}; decide on fewer, or on a fold over their tagged events`,
    );
  if (folds > MAX_CONDITION_QUERIES)
    throw new InvalidDefinitionError(
      `${owner} returned ${folds} folds, the limit is ${MAX_CONDITION_QUERIES}; decide on fewer at a time`,
    );
  assertDistinct(decision, reads);
  return reads;
}

/** An aggregate in two roles would be decided on twice from the same state, and the second set of events would be wrong. */
function assertDistinct(decision: string, reads: ReadsByRole): void {
  const roleByStream = new Map<string, string>();
  for (const [role, read] of Object.entries(reads)) {
    if (!isAggregateRead(read)) continue;
    const streamId = read.aggregate.streamId(read.id);
    const other = roleByStream.get(streamId);
    if (other !== undefined) {
      const message = `roles "${other}" and "${role}" are the same aggregate, "${streamId}"; each role needs another one`;
      throw new InvalidCommandError(decision, [{ path: 'input', code: 'same_aggregate', message }]);
    }
    roleByStream.set(streamId, role);
  }
}

export function isAggregateRead(read: unknown): read is AggregateRead<AnyAggregate> {
  return typeof read === 'object' && read !== null && 'aggregate' in read && 'id' in read;
}

export function isFoldRead(read: unknown): read is FoldRead<AnyFold> {
  return typeof read === 'object' && read !== null && 'fold' in read && 'tags' in read;
}
