import { expectString, plainType, type SqlType } from './sql-type.ts';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** UUIDs in lower case, as Postgres returns them. In upper case, the same UUID would be another key in memory. */
export const uuid: SqlType<string> = {
  ...plainType,
  name: 'uuid',
  formatted: 'uuid',
  encode,
  encodeKey: encode,
  decode: (stored) => stored,
};

function encode(value: unknown): string {
  const given = expectString(value);
  if (!pattern.test(given)) throw new TypeError('expected a UUID in lower case');
  return given;
}
