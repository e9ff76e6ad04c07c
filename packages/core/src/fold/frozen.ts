/**
 * Freezes a value and returns it. All folds share the initial value: a handler that changes it in place then throws,
 * instead of changing the state of other aggregates.
 *
 * Freezes plain objects and arrays at all levels. A `Map`, `Date` or class instance is not frozen.
 */
export function frozen<TValue>(value: TValue): TValue {
  if (isPlain(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
