import type { JsonValue } from '../event/json.ts';
import { asStored } from '../json/as-stored.ts';
import { isStorableJson } from '../json/storable-json.ts';
import { nameOf, plainType, type SqlType } from './sql-type.ts';

/** Any JSON value. Members are returned in the order of `jsonb`, without those that are undefined. */
export const jsonb: SqlType<JsonValue> = {
  ...plainType,
  name: 'jsonb',
  formatted: 'jsonb',
  isKey: false,
  isQuoted: true,
  encode,
  encodeKey: (value) => encode(asStored(value)),
  decode: (stored) => JSON.parse(stored) as JsonValue,
  asStored,
  asKey: asStored,
};

function encode(value: unknown): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`expected a JSON value, got ${nameOf(value)}`);
  if (!isStorableJson(json)) throw new TypeError('JSON has a NUL character or half of a surrogate pair');
  return json;
}
