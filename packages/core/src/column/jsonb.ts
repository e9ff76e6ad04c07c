import type { JsonValue } from '../event/json.ts';
import { asStored } from '../json/as-stored.ts';
import { isJson } from '../json/json-part.ts';
import { issueOf, isStorableJson } from '../json/storable-json.ts';
import { plainType, type SqlType } from './sql-type.ts';

/** Any JSON value. Members are returned in the order of `jsonb`, without those that are undefined. */
export const jsonb: SqlType<JsonValue> = {
  ...plainType,
  name: 'jsonb',
  formatted: 'jsonb',
  isKey: false,
  isQuoted: true,
  encode,
  encodeKey: (value) => encode(asStored(JSON.parse(encode(value)) as JsonValue)),
  decode: (stored) => JSON.parse(stored) as JsonValue,
  asStored,
  asKey: asStored,
};

function encode(value: unknown): string {
  const json = isJson(value) ? JSON.stringify(value) : undefined;
  if (json !== undefined && isStorableJson(json)) return json;
  const { path, message } = issueOf(value);
  throw new TypeError(path === '' ? message : `"${path}" ${message}`);
}
