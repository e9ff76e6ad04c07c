import { isStorableText } from '../json/storable-json.ts';
import { expectString, plainType, type SqlType } from './sql-type.ts';

/** Any text without a NUL character. Equal character by character: a column has the collation of its database. */
export const text: SqlType<string> = {
  ...plainType,
  name: 'text',
  formatted: 'text',
  isQuoted: true,
  encode,
  encodeKey: encode,
  decode: (stored) => stored,
};

function encode(value: unknown): string {
  const given = expectString(value);
  // Half of a surrogate pair becomes another character on its way, and two keys would become one.
  if (!isStorableText(given)) throw new TypeError('text has a NUL character or half of a surrogate pair');
  return given;
}
