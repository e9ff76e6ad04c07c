import { expectString, plainType, type SqlType } from './sql-type.ts';

const pattern = /^(?:-?(0|[1-9]\d*)(?:\.(\d+))?|NaN|-?Infinity)$/;
const negativeZero = /^-0(?:\.0+)?$/;
const MAX_WHOLE_DIGITS = 131_072;
const MAX_FRACTION_DIGITS = 16_383;

/**
 * Exact decimal numbers as text, such as `-12.50`, with the digits after the point as they were given.
 *
 * In a key, zeros at the end of the fraction are left out, since `1.5` and `1.50` are equal for Postgres.
 */
export const numeric: SqlType<string> = {
  ...plainType,
  name: 'numeric',
  formatted: 'numeric',
  encode,
  encodeKey: (value) => withoutTrailingZeros(encode(value)),
  decode: (stored) => stored,
  asKey: withoutTrailingZeros,
};

function encode(value: unknown): string {
  const given = expectString(value);
  const digits = pattern.exec(given);
  if (digits === null || negativeZero.test(given))
    throw new TypeError('expected a plain decimal number as text');
  const [, whole = '', fraction = ''] = digits;
  if (whole.length > MAX_WHOLE_DIGITS || fraction.length > MAX_FRACTION_DIGITS)
    throw new TypeError(
      `a number has at most ${MAX_WHOLE_DIGITS} digits before its point and ${MAX_FRACTION_DIGITS} after it`,
    );
  return given;
}

function withoutTrailingZeros(value: string): string {
  if (!value.includes('.')) return value;
  let end = value.length;
  while (value[end - 1] === '0') end -= 1;
  if (value[end - 1] === '.') end -= 1;
  return value.slice(0, end);
}
