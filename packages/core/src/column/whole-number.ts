import type { SqlTypes } from '../projection/columns.ts';
import { expectNumber, plainType, type SqlType } from './sql-type.ts';

/** Makes a type of the whole numbers from `least` to `most`. */
export function wholeNumber(name: keyof SqlTypes, least: number, most: number): SqlType<number> {
  const encode = (value: unknown): string => {
    const given = expectNumber(value);
    if (!Number.isSafeInteger(given) || given < least || given > most)
      throw new TypeError(`expected a whole number within ${least} and ${most}`);
    return String(given);
  };
  return {
    ...plainType,
    name,
    formatted: name,
    encode,
    encodeKey: encode,
    // -0 is stored as 0.
    asStored: (value) => (value === 0 ? 0 : value),
    asKey: (value) => (value === 0 ? 0 : value),
    decode: (stored) => {
      const value = Number(stored);
      if (!Number.isSafeInteger(value))
        throw new TypeError(`expected a whole number within ±${Number.MAX_SAFE_INTEGER}`);
      return value;
    },
  };
}
