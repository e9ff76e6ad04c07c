import { wholeNumber } from './whole-number.ts';

/** Whole numbers of 32 bits. */
export const integer = wholeNumber('integer', -(2 ** 31), 2 ** 31 - 1);
