import { LeftfoldError } from './leftfold-error.ts';
import { shownText, shownValue } from './shown.ts';

/** A call was given a value that it does not take, such as NaN for a position. Nothing was done. */
export class InvalidArgumentError extends LeftfoldError {
  readonly code = 'INVALID_ARGUMENT';
  readonly retryable = false;
  /** Which argument or option it was, such as "expectedVersion". */
  readonly argument: string;

  /** @param problem what is wrong with it, and what it takes */
  constructor(argument: string, problem: string, options?: ErrorOptions) {
    super(`${argument} ${problem}`, options);
    this.argument = argument;
  }

  /** @param taken what the argument takes, such as "a whole number from 0" */
  static not(taken: string, argument: string, given: unknown): InvalidArgumentError {
    return new InvalidArgumentError(argument, `must be ${taken}, not ${shownValue(given)}`);
  }

  /** @param taken the words that the argument takes, so that a wrong word is quoted */
  static notOneOf(taken: string, argument: string, given: unknown): InvalidArgumentError {
    const shown = typeof given === 'string' ? shownText(given) : shownValue(given);
    return new InvalidArgumentError(argument, `must be ${taken}, not ${shown}`);
  }
}
