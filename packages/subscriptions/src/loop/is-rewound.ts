import { LeftfoldError } from '@leftfold/core';

/** True for the error of a read that found the log shorter, or other, than it was. */
export function isRewound(error: unknown): boolean {
  return LeftfoldError.is(error) && error.code === 'LOG_REWOUND';
}
