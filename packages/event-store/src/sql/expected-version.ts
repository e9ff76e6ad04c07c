import type { ExpectedVersion } from '@leftfold/core';

/** A version, or what stands for one of the words in the SQL functions. */
export function expectedCodeOf(expected: ExpectedVersion): number {
  switch (expected) {
    case 'any':
      return -1;
    case 'no-stream':
      return 0;
    case 'stream-exists':
      return -2;
  }
  return expected;
}
