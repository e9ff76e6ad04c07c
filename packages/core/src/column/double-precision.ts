import { expectNumber, plainType, type SqlType } from './sql-type.ts';

/** Any number of JavaScript. In a key, -0 equals 0, and NaN equals NaN. */
export const doublePrecision: SqlType<number> = {
  ...plainType,
  name: 'double precision',
  formatted: 'double precision',
  encode: (value) => (Object.is(value, -0) ? '-0' : String(expectNumber(value))),
  encodeKey: (value) => String(expectNumber(value)),
  decode,
  asKey: (value) => (value === 0 ? 0 : value),
  // As text, its digits would depend on the setting `extra_float_digits`.
  select: (column) => `encode(pg_catalog.float8send(${column}), 'hex')`,
};

function decode(hexadecimal: string): number {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(`0x${hexadecimal}`));
  return bytes.getFloat64(0);
}
