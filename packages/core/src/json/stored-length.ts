import { MAX_UTF8_PER_CHARACTER, utf8Length } from './utf8-length.ts';

/**
 * The number of bytes of a JSON text with its numbers as `jsonb` gives them back, with all of their digits: `1e+308` has 6
 * bytes as it is written here, and 309 as it is read.
 *
 * O(n).
 *
 * @param json what `JSON.stringify` wrote
 */
export function storedLength(json: string): number {
  let added = 0;
  let inText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) inText = !inText;
    else if (inText) index += Number(code === BACKSLASH);
    else if (code === EXPONENT) added += digitsAdded(json, index);
  }
  return utf8Length(json) + added;
}

/** Maximum of {@link storedLength} for each character: `5e-324` has 6 characters and takes 326 bytes. */
export const MAX_BYTES_PER_CHARACTER = 55;

/** An upper bound of {@link storedLength}, which is a lower one for a text without exponents. */
export function maxStoredLength(json: string): number {
  return json.length * (largeNumber.test(json) ? MAX_BYTES_PER_CHARACTER : MAX_UTF8_PER_CHARACTER);
}

const QUOTE = 34;
const BACKSLASH = 92;
const EXPONENT = 101;

const largeNumber = /\de[+-]\d/;
const exponentAt = /e([+-])(\d+)/y;

/** @param at of the `e`: in JSON outside of texts, that of a number or the last letter of `true` and `false` */
function digitsAdded(json: string, at: number): number {
  exponentAt.lastIndex = at;
  const [written, sign, exponent] = exponentAt.exec(json) ?? [];
  if (written === undefined) return 0;
  let first = at;
  while (isOfNumber(json.charCodeAt(first - 1))) first -= 1;
  const mantissa = at - first;
  // 1.5e+21 is 1500000000000000000000, and 1.5e-7 is 0.00000015.
  const digits = sign === '+' ? Number(exponent) + 1 : Number(exponent) + 1 + mantissa - Number(mantissa > 1);
  return digits - mantissa - written.length;
}

/** A digit or a point. */
function isOfNumber(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 46;
}
