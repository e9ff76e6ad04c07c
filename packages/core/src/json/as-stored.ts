import { problemOf } from './json-part.ts';
import { utf8Length } from './utf8-length.ts';

/**
 * Converts a JSON value to the form in which Postgres' `jsonb` returns it.
 *
 * `{ note: undefined }` is stored as `{}` and `-0` as `0`, and the members of an object are returned in another order. A
 * state that was folded from the given value could therefore differ from one that is folded after a restart.
 *
 * O(n). Returns the same object when it has this form already, a copy otherwise.
 *
 * @throws TypeError when JSON would change the value in another way, such as a Date, a Map, NaN or a bigint
 * @throws RangeError when it is nested too deeply, or contains itself
 */
export function asStored<TValue>(value: TValue): TValue {
  return storedPart(value) as TValue;
}

function storedPart(value: unknown): unknown {
  const problem = problemOf(value);
  if (problem !== undefined) throw new TypeError(`JSON cannot keep a value that ${problem}`);
  if (value === 0) return 0; // -0 is written as 0
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? storedArray(value) : storedObject(value as Readonly<Record<string, unknown>>);
}

function storedArray(values: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    const stored = storedPart(value);
    if (copy === undefined && !Object.is(stored, value)) copy = values.slice(0, index);
    copy?.push(stored);
  }
  return copy ?? values;
}

function storedObject(object: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(object);
  let parts: unknown[] | undefined;
  let inOrder = true;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index]!;
    const value = object[name];
    // JSON leaves out a member that is undefined.
    const part = value === undefined ? undefined : storedPart(value);
    if (inOrder && index > 0) inOrder = isInOrder(names[index - 1]!, name);
    if (parts === undefined && (part === undefined || !Object.is(part, value)))
      parts = names.slice(0, index).map((before) => object[before]);
    parts?.push(part);
  }
  if (parts === undefined && inOrder) return object;
  return copyOf(object, names, parts);
}

function copyOf(
  object: Readonly<Record<string, unknown>>,
  names: readonly string[],
  parts: readonly unknown[] | undefined,
): Readonly<Record<string, unknown>> {
  const lengths = names.map(utf8Length);
  const order = names.map((_, index) => index);
  order.sort((one, other) => lengths[one]! - lengths[other]! || compareBytes(names[one]!, names[other]!));
  const copy: Record<string, unknown> = {};
  for (const index of order) {
    const name = names[index]!;
    const value = parts === undefined ? object[name] : parts[index];
    if (value === undefined) continue;
    // Assigning to this name would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
    else copy[name] = value;
  }
  return copy;
}

/** In a JavaScript object, names that are array indexes come first, in numerical order. */
function isInOrder(previous: string, name: string): boolean {
  return compareNames(previous, name) < 0 || isIndex(previous);
}

function isIndex(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name) && Number(name) < 2 ** 32 - 1;
}

/** The order of `jsonb`: by length in bytes of UTF-8, then byte by byte. */
function compareNames(one: string, other: string): number {
  return utf8Length(one) - utf8Length(other) || compareBytes(one, other);
}

function compareBytes(one: string, other: string): number {
  for (let index = 0; index < one.length; index += 1) {
    const unit = one.charCodeAt(index);
    const otherUnit = other.charCodeAt(index);
    // Surrogate pairs are the code points above all others.
    if (unit !== otherUnit)
      return Number(isSurrogate(unit)) - Number(isSurrogate(otherUnit)) || unit - otherUnit;
  }
  return 0;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
