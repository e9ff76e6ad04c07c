/** Every failure a caller may branch on. Adding a member is a minor release; removing one is a major. */
export type ErrorCode =
  | 'APPEND_CONDITION_FAILED'
  | 'APPEND_TOO_LARGE'
  | 'COMMAND_REJECTED'
  | 'DUPLICATE_DEFINITION'
  | 'EVENT_ID_REUSED'
  | 'INVALID_COMMAND'
  | 'INVALID_DEFINITION'
  | 'INVALID_EVENT'
  | 'INVALID_NAME'
  | 'LOGIN_REFUSED'
  | 'MISSING_RIGHTS'
  | 'DATABASE_NOT_CONFIGURED'
  | 'PROJECTION_MODE_MISMATCH'
  | 'PROJECTION_TABLE_MISMATCH'
  | 'READ_ONLY_DATABASE'
  | 'SCHEMA_MISMATCH'
  | 'SCHEMA_NOT_MIGRATED'
  | 'SERVER_TOO_OLD'
  | 'STORE_UNAVAILABLE'
  | 'STREAM_VERSION_CONFLICT'
  | 'SUBSCRIPTION_FAILED'
  | 'SUBSCRIPTION_NOT_FOUND'
  | 'SUBSCRIPTION_TIMEOUT'
  | 'UNKNOWN_COMMAND'
  | 'UNKNOWN_EVENT'
  | 'WRONG_ISOLATION_LEVEL';

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
