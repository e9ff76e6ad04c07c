import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName, shownValue } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import { assertNoOwnId } from '../event/own-id.ts';
import { Rejection } from './reject.ts';

/** The events that a rule may emit. */
export interface OwnEvents {
  readonly groups: readonly AnyEventGroup[];
  /** Whose they are, for messages: `aggregate "account"`. */
  readonly owner: string;
  /** What to do about an event of others. */
  readonly fix: string;
}

/**
 * Checks what `decide` returned, so that a decision fails in given/when/then as it fails in `execute`.
 *
 * @param rule whose `decide` it is: `"account.open"`
 * @returns the same
 * @throws InvalidDefinitionError when it is neither an event of its own, nor a list of them, nor a rejection
 * @throws InvalidArgumentError when an event has an id of its own
 */
export function checkedDecision<TDecided>(rule: string, decided: TDecided, own: OwnEvents): TDecided {
  if (decided instanceof Rejection) return decided;
  const events: readonly unknown[] = Array.isArray(decided) ? decided : [decided];
  for (const event of events) {
    if (!isEvent(event)) throw notEvents(rule, event, Array.isArray(decided));
    assertOwn(rule, event, own);
    assertNoOwnId(event);
  }
  return decided;
}

function assertOwn(rule: string, { type }: NewEvent, { groups, owner, fix }: OwnEvents): void {
  if (groups.some(({ definitions }) => definitions.some((definition) => definition.type === type))) return;
  throw new InvalidDefinitionError(
    `decide of ${rule} returned event ${shownName(type)}, which is none of ${owner}; ${fix}`,
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

function isEvent(value: unknown): value is NewEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}
