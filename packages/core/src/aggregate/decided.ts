import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownValue } from '../errors/shown.ts';
import type { NewEvent } from '../event/event.ts';
import { assertNoOwnId } from '../event/own-id.ts';
import { Rejection } from './reject.ts';

/**
 * Checks what `decide` returned for one aggregate, so that a decision fails in given/when/then as it fails in `execute`.
 *
 * @param rule whose `decide` it is: `"account.open"`
 * @returns the same
 * @throws InvalidDefinitionError when it is neither an event, nor a list of events, nor a rejection
 * @throws InvalidArgumentError when an event has an id of its own
 */
export function checkedDecision<TDecided>(rule: string, decided: TDecided): TDecided {
  if (decided instanceof Rejection) return decided;
  const events: readonly unknown[] = Array.isArray(decided) ? decided : [decided];
  for (const event of events) {
    if (!isEvent(event)) throw notEvents(rule, event, Array.isArray(decided));
    assertNoOwnId(event);
  }
  return decided;
}

/** What is wrong with a result that consists of other things than events. */
export function notEvents(rule: string, returned: unknown, inList = false): InvalidDefinitionError {
  const what = returned === undefined ? 'nothing' : isPromise(returned) ? 'a promise' : shownValue(returned);
  return new InvalidDefinitionError(
    `decide of ${rule} returned ${inList ? `a list with ${what}` : what}; ${isPromise(returned) ? SYNCHRONOUS : RETURNED}`,
  );
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

function isEvent(value: unknown): value is NewEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}
