import type { JsonValue } from '@leftfold/core';

/**
 * A payload as it will be read back from the log.
 *
 * JSON stores `{ note: undefined }` as `{}` and `NaN` as null. A state folded from the given payload could therefore
 * differ from a replay. Returns the same object when JSON changes nothing in it.
 */
export function asStored(data: JsonValue): JsonValue {
  return survivesJson(data) ? data : (JSON.parse(JSON.stringify(data)) as JsonValue);
}

function survivesJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return value.every(survivesJson);
  return typeof value === 'object' && isPlain(value) && Object.values(value).every(survivesJson);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
