import { InvalidEventError, type JsonValue } from '@leftfold/core';

// JSON.stringify writes a NUL, and half of a surrogate pair, as an escape: an odd number of backslashes before it.
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * A value as the JSON text that Postgres stores.
 *
 * @throws InvalidEventError when it has a NUL character or half of a surrogate pair, which `jsonb` cannot hold, or
 * something that is not JSON at all. The issue names the path, not the value.
 */
export function toStorableJson(type: string, schemaVersion: number, value: JsonValue): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    const issues = [
      { path: '', code: 'not_json', message: 'cannot be written as JSON (a bigint, or a circle)' },
    ];
    throw new InvalidEventError(type, schemaVersion, issues, { cause });
  }
  if (json === undefined) {
    throw new InvalidEventError(type, schemaVersion, [
      { path: '', code: 'not_json', message: 'is undefined, a function or a symbol' },
    ]);
  }
  if (json.includes('\\u') && unstorable.test(json)) {
    const path = findUnstorable(value, []);
    const message = 'has a NUL character or half of a surrogate pair, which Postgres cannot store; remove it';
    throw new InvalidEventError(type, schemaVersion, [
      { path: path.join('.'), code: 'unstorable_character', message },
    ]);
  }
  return json;
}

function findUnstorable(value: unknown, path: readonly string[]): readonly string[] {
  if (typeof value !== 'object' || value === null) return path;
  for (const [key, member] of Object.entries(value)) {
    const json = JSON.stringify([key, member]);
    if (json !== undefined && unstorable.test(json)) return findUnstorable(member, [...path, key]);
  }
  return path;
}
