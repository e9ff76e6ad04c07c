import { toSafeNumber } from './numbers.ts';

/** Reads a Postgres array of whole numbers, such as `{1,2,3}`; null is none. */
export function toNumbers(literal: string | null): readonly number[] {
  if (literal === null || literal.length <= 2) return [];
  return literal.slice(1, -1).split(',').map(toSafeNumber);
}

/** Writes a Postgres array of whole numbers. */
export function numberArray(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

/** Writes a Postgres array of texts. `null` is SQL's null. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map(arrayElement).join(',')}}`;
}

/** What needs no quotes inside an array, `NULL` apart. */
const plain = /^[\w.:-]+$/;
/** What JSON quotes in another way than an array does: control characters and lone surrogates. */
const quotedOtherwise = /[\u0000-\u001f\ud800-\udfff]/;

function arrayElement(value: string | null): string {
  if (value === null) return 'NULL';
  // Most are ids, and stay the strings that they are.
  if (value.length > 4 && plain.test(value)) return value;
  // JSON's quoting is otherwise the array's, and several times as fast as a replacement.
  return quotedOtherwise.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(value);
}

/** Joins JSON texts to the text of a JSON array. */
export function jsonArray(values: readonly string[]): string {
  return `[${values.join(',')}]`;
}
