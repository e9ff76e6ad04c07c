import { InvalidEventError } from '../errors/definition-errors.ts';
import { isJson } from './json-part.ts';
import { issueOf } from './storable-json.ts';

/** Digits of the largest double: `jsonb` writes all digits of a number. */
const DIGITS = 309;
const manyDigits = new RegExp(`\\d{${DIGITS}}`);

/** What the text is of, for error messages. */
export interface JsonOwner {
  /** An event type, or "metadata of …". */
  readonly owner: string;
  readonly schemaVersion: number;
  readonly position: number;
}

/**
 * The value of a text that `jsonb` wrote.
 *
 * @throws InvalidEventError when it has a number that JavaScript would read as an infinity
 */
export function readJson<TValue>(text: string, { owner, schemaVersion, position }: JsonOwner): TValue {
  // Empty objects are frequent.
  if (text === '{}') return {} as TValue;
  const value = JSON.parse(text) as TValue;
  if (text.length >= DIGITS && manyDigits.test(text) && !isJson(value)) {
    const message = 'has a number beyond ±1.7976931348623157e308, which is read as an infinity';
    throw new InvalidEventError(owner, schemaVersion, [{ ...issueOf(value), message }], { position });
  }
  return value;
}
