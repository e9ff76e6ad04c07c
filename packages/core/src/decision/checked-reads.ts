import { MAX_CONDITION_QUERIES } from '../append/append-limits.ts';
import { InvalidCommandError, InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName, shownValue } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertFreeName } from '../naming/names.ts';
import { isAggregateRead, isFoldRead, type ReadsByRole, type RoleRead } from './reads.ts';

/** Aggregates of a decision. Each of them is loaded for each command, and a lock is taken for each. */
const MAX_AGGREGATES = 100;

/**
 * @param reads what the function of the decision returned
 * @param groups those that the decision declares
 * @throws InvalidDefinitionError when it is not an object with an aggregate, a fold or a list of folds for each role, when the
 * events of a fold are not declared, or when a role has the name of other events
 * @throws InvalidNameError when a role has a name that would hide a member of every object, or an id is none
 * @throws InvalidCommandError when one aggregate has two roles, or the input asks for too many
 */
export function checkedReads<TReads extends ReadsByRole>(
  decision: string,
  reads: TReads,
  groups: readonly AnyEventGroup[],
): TReads {
  const owner = `reads of decision "${decision}"`;
  if (typeof reads !== 'object' || reads === null || Array.isArray(reads) || !isPlainObject(reads))
    throw new InvalidDefinitionError(
      `${owner} returned ${shownValue(reads)}; return an object such as { role: aggregate.at(id) } or { role: fold.for({ key: value }) }`,
    );
  for (const [role, read] of Object.entries(reads)) {
    assertFreeName('role', role);
    assertRead(owner, role, read);
    assertOwnName(owner, role, read, groups);
  }
  const parts = Object.values(reads).flat();
  assertDeclared(decision, parts, groups);
  assertNotMore(decision, parts.filter(isAggregateRead).length, 'aggregates', MAX_AGGREGATES);
  assertNotMore(decision, parts.filter(isFoldRead).length, 'folds', MAX_CONDITION_QUERIES);
  assertDistinct(decision, reads);
  return reads;
}

function assertRead(owner: string, role: string, read: RoleRead): void {
  const parts: readonly unknown[] = Array.isArray(read) ? read : [read];
  for (const part of parts)
    if (!isFoldRead(part) && (Array.isArray(read) || !isAggregateRead(part)))
      throw new InvalidDefinitionError(
        `${owner} returned ${shownValue(part)} for role ${shownName(role)}; return aggregate.at(id), fold.for({ key: value }), fold.all(), or a list of folds`,
      );
}

/** `emit` has the functions of both by these names. */
function assertOwnName(owner: string, role: string, read: RoleRead, groups: readonly AnyEventGroup[]): void {
  if (!isAggregateRead(read)) return;
  const { events } = read.aggregate;
  if (groups.some((group) => group.category === role && group !== events))
    throw new InvalidDefinitionError(
      `${owner} has role ${shownName(role)} for an aggregate of other events than those of category "${role}", which are in events too, so emit.${role} could be either; give the role another name`,
    );
}

/** Otherwise only the store would find out, or not, by what else it knows. */
function assertDeclared(
  decision: string,
  parts: readonly RoleRead[],
  groups: readonly AnyEventGroup[],
): void {
  const known = [...groups, ...parts.filter(isAggregateRead).map(({ aggregate }) => aggregate.events)];
  for (const group of parts.filter(isFoldRead).flatMap(({ fold }) => fold.events))
    if (!known.includes(group))
      throw new InvalidDefinitionError(
        `decision "${decision}" reads a fold over the events of category "${group.category}", which it does not declare; name their group in events`,
      );
}

function assertNotMore(decision: string, count: number, what: string, most: number): void {
  if (count <= most) return;
  const message = `asks for ${count} ${what}, the limit is ${most}; decide on fewer at a time`;
  throw new InvalidCommandError(decision, [{ path: 'input', code: 'too_many_reads', message }]);
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
