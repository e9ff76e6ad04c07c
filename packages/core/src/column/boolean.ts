import { nameOf, plainType, type SqlType } from './sql-type.ts';

export const boolean: SqlType<boolean> = {
  ...plainType,
  name: 'boolean',
  formatted: 'boolean',
  encode,
  encodeKey: encode,
  decode: (stored) => stored === 'true',
};

function encode(value: unknown): string {
  if (typeof value !== 'boolean') throw new TypeError(`expected a boolean, got ${nameOf(value)}`);
  return String(value);
}
