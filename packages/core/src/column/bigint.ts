import { wholeNumber } from './whole-number.ts';

/** Whole numbers that JavaScript represents exactly: a part of those of 64 bits. */
export const bigint = wholeNumber('bigint', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
