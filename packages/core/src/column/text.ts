import { isStorableText } from '../json/storable-json.ts';
import { expectString, plainType, type SqlType } from './sql-type.ts';

/** Any text without a NUL character. */
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
  // Half of a surrogate pair is sent as another character, so that two keys would become one.
  if (!isStorableText(given)) throw new TypeError('text has a NUL character or half of a surrogate pair');
  return given;
}
