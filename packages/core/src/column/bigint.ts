import { wholeNumber } from './whole-number.ts';

/** Whole numbers of 64 bits, limited to those that JavaScript represents exactly. */
export const bigint = wholeNumber('bigint', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
