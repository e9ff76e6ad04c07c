import type { AnyLeftfoldError } from './any-leftfold-error.ts';
import { inOneLine } from './shown.ts';
import { readable, thrownText } from './thrown.ts';

/** Every failure a caller may branch on. Adding a member is a minor release; removing one is a major. */
export type ErrorCode = AnyLeftfoldError['code'];

const brand = Symbol.for('leftfold.error');

/**
 * Base of every error this framework throws on purpose.
 *
 * `retryable` answers one question: may the same call succeed if made again
 * with freshly read state? Everything else belongs in the subclass's fields.
 * Messages and fields carry names and ids, never payloads or connection strings. A message is one line of 4,000
 * characters at most; fields have names as they are.
 */
export abstract class LeftfoldError extends Error {
  abstract readonly code: ErrorCode;
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(inOneLine(message), withErrorAsCause(options));
    this.name = new.target.name;
    // Not enumerable: an error that is logged or compared shows its own fields only.
    Object.defineProperty(this, brand, { value: true });
  }

  /**
   * True for every error of this framework, also across duplicate installs of this package, where `instanceof` fails.
   * `LeftfoldError.is(error) && error.code === 'STREAM_VERSION_CONFLICT'` narrows to the class with its fields.
   */
  static is(value: unknown): value is AnyLeftfoldError {
    try {
      return typeof value === 'object' && value !== null && brand in value;
    } catch {
      return false; // a proxy that throws
    }
  }
}

/** JavaScript can throw anything; what follows a chain of causes can rely on errors. */
function withErrorAsCause(options: ErrorOptions | undefined): ErrorOptions | undefined {
  if (options?.cause === undefined) return options;
  const cause = readable(options.cause);
  return cause instanceof Error ? { cause } : { cause: new Error(thrownText(cause)) };
}
