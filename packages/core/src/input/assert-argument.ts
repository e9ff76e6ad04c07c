import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { shownName } from '../errors/shown.ts';
import { isPlainObject } from '../json/json-part.ts';
import { holds } from './holds.ts';
import { reading } from './reading.ts';

/** Bounds of a number; both are included. */
interface Bounds {
  /** @default 0 */
  readonly least?: number;
  /** @default 9,007,199,254,740,991 */
  readonly most?: number;
}

/** @throws InvalidArgumentError when the value is given and is not a whole number within the bounds. */
export function assertWhole(argument: string, value: unknown, { least = 0, most }: Bounds = {}): void {
  if (value === undefined) return;
  if (isWhole(value) && value >= least && value <= (most ?? value)) return;
  const range = most === undefined ? `from ${least}` : `from ${least} to ${most}`;
  throw InvalidArgumentError.not(`a whole number ${range}`, argument, value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** @throws InvalidArgumentError when the value is given and is not a number of milliseconds; Infinity is one. */
export function assertDuration(argument: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return;
  throw InvalidArgumentError.not('a number of milliseconds from 0, or Infinity', argument, value);
}

/** The first instant of a timestamptz: 24 November 4714 BC. */
const FIRST_INSTANT_MS = Date.UTC(-4713, 10, 24);

/** @throws InvalidArgumentError when the value is given and is not a Date, or is one that Postgres cannot store. */
export function assertInstant(argument: string, value: unknown): void {
  if (value === undefined) return;
  if (!isDate(value)) throw InvalidArgumentError.not('a valid Date', argument, value);
  if (value.getTime() < FIRST_INSTANT_MS)
    throw new InvalidArgumentError(argument, 'must not be before 24 November 4714 BC');
}

function isDate(value: unknown): value is Date {
  return holds(() => value instanceof Date && !Number.isNaN(Date.prototype.getTime.call(value)));
}

/** @throws InvalidArgumentError when the value is given and is not one of these. */
export function assertOneOf(argument: string, value: unknown, taken: readonly unknown[]): void {
  if (value === undefined || taken.includes(value)) return;
  throw InvalidArgumentError.notOneOf(taken.map(wordOf).join(' or '), argument, value);
}

function wordOf(taken: unknown): string {
  return typeof taken === 'string' ? `'${taken}'` : String(taken);
}

/**
 * @param taken what it is an object of: `a command`
 * @param members the names that the caller reads next
 * @throws InvalidArgumentError when the value is not an object, or a member cannot be read.
 */
export function assertObject(
  taken: string,
  argument: string,
  value: unknown,
  members: readonly string[] = [],
): void {
  if (typeof value !== 'object' || value === null) throw InvalidArgumentError.not(taken, argument, value);
  for (const name of members) {
    reading(argument, () => Reflect.has(value, name));
    reading(argument, () => void Reflect.get(value, name));
  }
}

/** @throws InvalidArgumentError when the value is given and is not an object without a class. */
export function assertPlainObject(argument: string, value: unknown): void {
  if (value === undefined) return;
  const isOne = (): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && isPlainObject(value);
  if (!holds(isOne)) throw InvalidArgumentError.not('a plain object', argument, value);
}

/** @throws InvalidArgumentError when the value is not an array. */
export function assertList(argument: string, value: unknown): void {
  if (!holds(() => Array.isArray(value))) throw InvalidArgumentError.not('a list', argument, value);
}

/** Every option of `TOptions`, and none else: the compiler finds one that was forgotten. */
export type OptionNames<TOptions> = Readonly<Record<keyof TOptions & string, true>>;

const NONE = {};

/**
 * Refuses options with another name than these, so that a misspelt one is never ignored, and a `signal` that is none: every
 * option of that name is an AbortSignal. Reads each option, so that a getter that throws does so here. O(n) in the names.
 *
 * @param others more names
 * @throws InvalidArgumentError when the value is given and is not an object with these members only, or cannot be read.
 */
export function assertOptions(
  argument: string,
  value: unknown,
  names: Readonly<Record<string, true>>,
  others: Readonly<Record<string, true>> = NONE,
): void {
  if (value === undefined) return;
  if (!isMembers(value)) throw InvalidArgumentError.not('an object', argument, value);
  for (const name of reading(argument, () => Object.keys(value))) {
    if (Object.hasOwn(names, name) || Object.hasOwn(others, name)) continue;
    const known = Object.keys({ ...names, ...others }).join(', ') || 'none';
    throw new InvalidArgumentError(argument, `has no member ${shownName(name)}; it takes ${known}`);
  }
  for (const known of [names, others])
    for (const name of Object.keys(known)) reading(`${argument}.${name}`, () => value[name]);
  assertSignal(value['signal']);
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return holds(() => typeof value === 'object' && value !== null && !Array.isArray(value));
}

/** One of another realm is none by `instanceof`. */
function assertSignal(value: unknown): void {
  if (value === undefined) return;
  const isOne = (): boolean =>
    typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
  if (!holds(isOne)) throw InvalidArgumentError.not('an AbortSignal', 'signal', value);
}
