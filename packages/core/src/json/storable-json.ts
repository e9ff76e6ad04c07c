import type { z } from 'zod';
import { InvalidEventError, type SchemaIssue } from '../errors/definition-errors.ts';
import { declaredPath } from '../input/declared-path.ts';
import { beyondLimits } from '../input/parse-with.ts';
import { asStored } from './as-stored.ts';
import { problemOf } from './json-part.ts';
import { ownJson } from './own-json.ts';

/**
 * A frozen copy of a value: what is checked and stored is what the caller gave at one moment. A getter or a proxy in it
 * could give another value each time it is read.
 *
 * @param owner the owner of the value, for error messages: an event type, or "metadata of …"
 * @param schema of the value, if it has one: the path of an issue has only the names that it declares, see `declaredPath`
 * @throws InvalidEventError when JSON cannot represent the value, or would change it, or it is nested too deeply.
 */
export function asOwnJson<TValue>(
  owner: string,
  schemaVersion: number,
  value: TValue,
  schema?: z.ZodType,
): TValue {
  return guarded({ owner, schemaVersion, value, schema }, () => ownJson(value));
}

/**
 * Writes what {@link asOwnJson} returned as JSON text. It was checked when it was copied, and cannot change since.
 *
 * @param owner as in {@link asOwnJson}, like `schema`
 * @throws InvalidEventError when it is nested too deeply
 */
export function ownToJson(owner: string, schemaVersion: number, value: unknown, schema?: z.ZodType): string {
  return guarded({ owner, schemaVersion, value, schema }, () => JSON.stringify(value));
}

/**
 * Converts the data of a new event to the form in which it will be read, as {@link asStored} does.
 *
 * @param owner as in {@link asOwnJson}, like `schema`
 * @throws InvalidEventError like {@link asOwnJson}
 */
export function asStoredData<TValue>(
  owner: string,
  schemaVersion: number,
  data: TValue,
  schema?: z.ZodType,
): TValue {
  return guarded({ owner, schemaVersion, value: data, schema }, () => asStored(data));
}

/** A value, and what an error says of it. */
interface OwnedValue {
  readonly owner: string;
  readonly schemaVersion: number;
  readonly value: unknown;
  readonly schema: z.ZodType | undefined;
}

/** Walks a value, which may exceed a limit of the engine or call a getter. */
function guarded<TResult>({ owner, schemaVersion, value, schema }: OwnedValue, walk: () => TResult): TResult {
  try {
    return walk();
  } catch (cause) {
    if (cause instanceof InvalidEventError) throw cause;
    const issue = cause instanceof RangeError ? beyondLimits(cause) : issueOf(value, schema);
    throw new InvalidEventError(owner, schemaVersion, [issue]);
  }
}

/**
 * Checks that `jsonb` can store a value: it has no NUL character and no half of a surrogate pair.
 *
 * @param json the text of `value`
 * @param schema as in {@link asOwnJson}
 * @throws InvalidEventError when it cannot. The issue has the path, not the value.
 */
export function assertStorable(
  owner: string,
  schemaVersion: number,
  value: unknown,
  json: string,
  schema?: z.ZodType,
): void {
  if (!isStorableJson(json)) throw new InvalidEventError(owner, schemaVersion, [issueOf(value, schema)]);
}

const unstorableEscape = /^(?:0000|d[89a-f])/;

/**
 * False when a JSON text has a NUL character or half of a surrogate pair.
 *
 * `JSON.stringify` writes those as escapes. A backslash before `u` starts an escape when it ends a run of an odd number
 * of backslashes. O(n).
 */
export function isStorableJson(json: string): boolean {
  let at = json.indexOf('\\u');
  while (at !== -1) {
    let first = at;
    while (json[first - 1] === '\\') first -= 1;
    if ((at - first) % 2 === 0 && unstorableEscape.test(json.slice(at + 2, at + 6))) return false;
    at = json.indexOf('\\u', at + 2);
  }
  return true;
}

/** False when a text has a NUL character or half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/**
 * The first part of a value that cannot be stored: its path, and why. Visits each part once, in the order of {@link asOwnJson}.
 *
 * @param value one that {@link asOwnJson} refuses, or whose text is not storable
 * @param schema as in {@link asOwnJson}
 */
export function issueOf(value: unknown, schema?: z.ZodType): SchemaIssue {
  const { at, ...issue } = placedIssueOf(value);
  return { path: abridge(declaredPath(schema, namesOf(at))), ...issue };
}

/** Where a part is: its name in the part above it. Linked, since a value may be nested thousands of levels deep. */
interface Place {
  readonly name: string | number;
  readonly above: Place | undefined;
}

function namesOf(at: Place | undefined): readonly (string | number)[] {
  const names: (string | number)[] = [];
  for (let place = at; place !== undefined; place = place.above) names.push(place.name);
  return names.toReversed();
}

interface PlacedIssue extends Omit<SchemaIssue, 'path'> {
  /** Undefined for the value itself. */
  readonly at: Place | undefined;
}

function placedIssueOf(value: unknown): PlacedIssue {
  const issue = issueOfPart(value, undefined);
  if (issue !== undefined) return issue;
  // The parts whose members are being visited, from the value down.
  const open = isParent(value) ? [membersOf(value, undefined)] : [];
  for (let members = open.at(-1); members !== undefined; members = open.at(-1)) {
    const next = members.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const { part, at } = next.value;
    const found = issueOfPart(part, at);
    if (found !== undefined) return found;
    if (isParent(part)) open.push(membersOf(part, at));
  }
  return notJson(undefined, 'changes while it is read');
}

/** What is wrong with a part, apart from its members. */
function issueOfPart(part: unknown, at: Place | undefined): PlacedIssue | undefined {
  if (part === THREW) return notJson(at, GETTER_THROWS);
  if (at !== undefined && !isStorableText(String(at.name))) return unstorable(at);
  const problem = problemIn(part);
  if (problem !== undefined) return notJson(at, problem);
  return typeof part === 'string' && !isStorableText(part) ? unstorable(at) : undefined;
}

function isParent(part: unknown): part is object {
  return typeof part === 'object' && part !== null;
}

/** One after the other: an array may have tens of millions of elements. Those that it does not have are undefined. */
function* membersOf(
  part: object,
  above: Place | undefined,
): Generator<{ readonly part: unknown; readonly at: Place | undefined }, void> {
  const isList = Array.isArray(part);
  const names = isList ? part.keys() : namesIn(part);
  if (names === undefined) yield { part: THREW, at: above };
  for (const name of names ?? []) {
    const member = memberOf(part, name);
    if (member !== undefined || isList) yield { part: member, at: { name, above } };
  }
}

const THREW = Symbol();
const GETTER_THROWS = 'has a getter that throws';

function problemIn(part: unknown): string | undefined {
  try {
    return problemOf(part);
  } catch {
    return GETTER_THROWS;
  }
}

function namesIn(part: object): readonly string[] | undefined {
  try {
    return Object.keys(part);
  } catch {
    return undefined;
  }
}

function memberOf(part: object, name: string | number): unknown {
  try {
    return (part as Readonly<Record<string | number, unknown>>)[name];
  } catch {
    return THREW;
  }
}

function notJson(at: Place | undefined, problem: string): PlacedIssue {
  const message = `${problem}, which JSON cannot keep; give text, finite numbers, booleans, null, lists and plain objects`;
  return { at, code: 'not_json', message };
}

function unstorable(at: Place | undefined): PlacedIssue {
  const message = 'has a NUL character or half of a surrogate pair, which Postgres cannot store; remove it';
  return { at, code: 'unstorable_character', message };
}

const MAX_PATH_LENGTH = 200;

/** Keys may be content as well, so an error message has only the start of a long path. */
function abridge(path: string): string {
  return path.length <= MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}...`;
}
