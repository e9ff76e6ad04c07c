import { isPlainObject } from '../json/json-part.ts';

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

/**
 * Freezes a value at all levels, also below parts that were frozen before. O(size of the value).
 *
 * @returns false when it contains what cannot be frozen: a `Date`, `Map` or class instance
 */
export function freezeWhole(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value === 'function') return false;
  if (typeof value !== 'object' || value === null || seen.has(value)) return true;
  if (!isPlain(value)) return false;
  seen.add(value);
  Object.freeze(value);
  let whole = true;
  for (const part of Object.values<unknown>(value as Record<string, unknown>))
    whole = freezeWhole(part, seen) && whole;
  return whole;
}

/** The first `Map`, `Set` or instance of a class in a value, by its class's name; a `Date` counts as a scalar. */
export function unfreezable(value: unknown, seen = new Set<unknown>()): string | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Date || seen.has(value))
    return undefined;
  seen.add(value);
  const { constructor } = value;
  if (!isPlain(value)) return constructor.name || 'object of a class';
  for (const part of Object.values(value)) {
    const found = unfreezable(part, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || isPlainObject(value);
}
