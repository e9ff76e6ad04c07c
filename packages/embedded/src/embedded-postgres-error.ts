/** Every failure of this package that a caller can branch on. */
export type EmbeddedPostgresErrorCode =
  | 'POSTGRES_BINARIES_MISSING'
  | 'POSTGRES_BINARIES_UNUSABLE'
  | 'POSTGRES_DIRECTORY_LOCKED'
  | 'POSTGRES_DIRECTORY_UNUSABLE'
  | 'POSTGRES_DIRECTORY_VERSION'
  | 'POSTGRES_PORT_IN_USE'
  | 'POSTGRES_START_FAILED'
  | 'POSTGRES_STOPPED';

/** Codes after which the same call can succeed later without any change. */
const retryableCodes: readonly EmbeddedPostgresErrorCode[] = [
  'POSTGRES_DIRECTORY_LOCKED',
  'POSTGRES_PORT_IN_USE',
];

const brand = Symbol.for('leftfold.error');

/**
 * A PostgreSQL server could not be started or restarted. The message names the reason and the fix.
 *
 * Has the brand, `code` and `retryable` of every Leftfold error, so that `LeftfoldError.is` accepts it.
 * They are repeated here because this package imports no other one.
 */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;
  readonly retryable: boolean;
  /** The pid of the process that holds the directory, with `POSTGRES_DIRECTORY_LOCKED`. */
  readonly pid: number | undefined;

  constructor(
    code: EmbeddedPostgresErrorCode,
    message: string,
    options?: ErrorOptions & { readonly pid?: number },
  ) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryableCodes.includes(code);
    this.pid = options?.pid;
    // Not enumerable, so that logs and comparisons of the error do not include it.
    Object.defineProperty(this, brand, { value: true });
  }
}
