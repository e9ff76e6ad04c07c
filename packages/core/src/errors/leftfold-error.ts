/** Every failure a caller may branch on. Adding a member is a minor release; removing one is a major. */
export type ErrorCode =
  | 'APPEND_CONDITION_FAILED'
  | 'APPEND_TOO_LARGE'
  | 'COMMAND_REJECTED'
  | 'DUPLICATE_DEFINITION'
  | 'EVENT_ID_REUSED'
  | 'INVALID_COMMAND'
  | 'INVALID_EVENT'
  | 'INVALID_NAME'
  | 'PROJECTION_FAILED'
  | 'PROJECTION_NOT_FOUND'
  | 'PROJECTION_TABLE_MISMATCH'
  | 'PROJECTION_TIMEOUT'
  | 'SCHEMA_MISMATCH'
  | 'STORE_MISCONFIGURED'
  | 'STORE_UNAVAILABLE'
  | 'STREAM_VERSION_CONFLICT'
  | 'UNKNOWN_COMMAND'
  | 'UNKNOWN_EVENT';

const brand = Symbol.for('leftfold.error');

/**
 * Base of every error this framework throws on purpose.
 *
 * `retryable` answers one question: may the same call succeed if made again
 * with freshly read state? Everything else belongs in the subclass's fields.
 * Messages and fields carry names and ids, never payloads or connection strings.
 */
export abstract class LeftfoldError extends Error {
  abstract readonly code: ErrorCode;
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    // Not enumerable: an error that is logged or compared shows its own fields only.
    Object.defineProperty(this, brand, { value: true });
  }

  /** Holds across duplicate installs of this package, where `instanceof` does not. */
  static is(value: unknown): value is LeftfoldError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
