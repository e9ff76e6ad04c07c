import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName, shownValue } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import { assertNoOwnId } from '../event/own-id.ts';
import { Rejection } from './reject.ts';

/**
 * Checks what `decide` returned for one aggregate, so that a decision fails in given/when/then as it fails in `execute`.
 *
 * @param rule whose `decide` it is: `"account.open"`
 * @param group the events of the aggregate
 * @returns the same
 * @throws InvalidDefinitionError when it is neither an event of the aggregate, nor a list of them, nor a rejection
 * @throws InvalidArgumentError when an event has an id of its own
 */
export function checkedDecision<TDecided>(rule: string, decided: TDecided, group: AnyEventGroup): TDecided {
  if (decided instanceof Rejection) return decided;
  const events: readonly unknown[] = Array.isArray(decided) ? decided : [decided];
  for (const event of events) {
    if (!isEvent(event)) throw notEvents(rule, event, Array.isArray(decided));
    assertOwn(rule, event, group);
    assertNoOwnId(event);
  }
  return decided;
}

function assertOwn(rule: string, { type }: NewEvent, { category, definitions }: AnyEventGroup): void {
  if (definitions.some((definition) => definition.type === type)) return;
  throw new InvalidDefinitionError(
    `decide of ${rule} returned event ${shownName(type)}, which is none of aggregate "${category}"; return its own events only, or decide on several aggregates with defineDecision(...)`,
  );
}

/** What is wrong with a result that consists of other things than events. */
function notEvents(rule: string, returned: unknown, inList: boolean): InvalidDefinitionError {
  const what = shownResult(returned);
  const fix = isPromise(returned) ? SYNCHRONOUS : RETURNED;
  return new InvalidDefinitionError(
    `decide of ${rule} returned ${inList ? `a list with ${what}` : what}; ${fix}`,
  );
}

/** What is wrong with a result of a decision that is not events by role. */
export function notEventsByRole(
  rule: string,
  returned: unknown,
  [role = 'role']: readonly string[],
): InvalidDefinitionError {
  const what = isEvent(returned) ? 'one event' : Array.isArray(returned) ? 'a list' : shownResult(returned);
  const fix = isPromise(returned)
    ? SYNCHRONOUS
    : `return events by role, such as { ${role}: event } ({} for none), or reject(reason)`;
  return new InvalidDefinitionError(`decide of ${rule} returned ${what}; ${fix}`);
}

function shownResult(returned: unknown): string {
  if (returned === undefined) return 'nothing';
  return isPromise(returned) ? 'a promise' : shownValue(returned);
}

const RETURNED = 'return an event, a list of events ([] for none), or reject(reason)';
const SYNCHRONOUS =
  'it must be synchronous: load what it needs before execute() and pass it in the input of the command, or decide on several aggregates with defineDecision(...)';

/** Its error would otherwise be one that nobody handles. */
function isPromise(value: unknown): boolean {
  if (!(value instanceof Promise)) return false;
  value.catch(() => {});
  return true;
}

export function isEvent(value: unknown): value is NewEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}
