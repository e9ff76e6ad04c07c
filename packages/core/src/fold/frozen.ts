/**
 * The same value, made unchangeable: where a fold begins is shared by everything that is folded.
 *
 * A handler that changes it in place throws, instead of leaking one aggregate's state into the next. Plain objects
 * and arrays only, all the way down; a `Map`, `Date` or class instance is left as it is.
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
