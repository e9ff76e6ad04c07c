import { InvalidEventError } from '../errors/definition-errors.ts';
import { beyondLimits } from '../input/parse-with.ts';
import { asStored } from './as-stored.ts';

/**
 * Writes a value as JSON text.
 *
 * @param owner the owner of the value, for error messages: an event type, or "metadata of …"
 * @throws InvalidEventError when JSON cannot represent the value, or it is nested too deeply.
 */
export function toJson(owner: string, schemaVersion: number, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw notJson(owner, schemaVersion, cause);
  }
  if (json === undefined) {
    const message = 'is undefined, a function or a symbol';
    throw new InvalidEventError(owner, schemaVersion, [{ path: '', code: 'not_json', message }]);
  }
  return json;
}

/**
 * Converts the data of a new event to the form in which it will be read, as {@link asStored} does.
 *
 * @param owner as in {@link toJson}
 * @throws InvalidEventError when JSON cannot represent it, or it is nested too deeply.
 */
export function asStoredData<TValue>(owner: string, schemaVersion: number, data: TValue): TValue {
  try {
    return asStored(data);
  } catch (cause) {
    throw notJson(owner, schemaVersion, cause);
  }
}

/** @param cause a RangeError when a limit of the engine was exceeded */
function notJson(owner: string, schemaVersion: number, cause: unknown): InvalidEventError {
  const message = 'cannot be written as JSON (a bigint, or a circle)';
  const issue = cause instanceof RangeError ? beyondLimits(cause) : { path: '', code: 'not_json', message };
  return new InvalidEventError(owner, schemaVersion, [issue], { cause });
}

/**
 * Checks that `jsonb` can store a value: it has no NUL character and no half of a surrogate pair.
 *
 * @param json the text of `value`
 * @throws InvalidEventError when it cannot. The issue has the path, not the value.
 */
export function assertStorable(owner: string, schemaVersion: number, value: unknown, json: string): void {
  if (isStorableJson(json)) return;
  const message = 'has a NUL character or half of a surrogate pair, which Postgres cannot store; remove it';
  const issue = { path: abridge(pathOfUnstorable(value)), code: 'unstorable_character', message };
  throw new InvalidEventError(owner, schemaVersion, [issue]);
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

/** Visits each part once. Empty when a `toJSON` method hides the text. */
function pathOfUnstorable(value: unknown): string {
  const open: { readonly value: unknown; readonly path: string }[] = [{ value, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: part, path } = next;
    if (typeof part === 'string' && !isStorableText(part)) return path;
    if (typeof part !== 'object' || part === null) continue;
    for (const [key, member] of Object.entries(part)) {
      const memberPath = path === '' ? key : `${path}.${key}`;
      if (!isStorableText(key)) return memberPath;
      open.push({ value: member, path: memberPath });
    }
  }
  return '';
}

const MAX_PATH_LENGTH = 200;

/** Keys may be content as well, so an error message has only the start of a long path. */
function abridge(path: string): string {
  return path.length <= MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}...`;
}
