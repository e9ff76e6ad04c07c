/** Every failure of this package that a caller may branch on. */
export type EmbeddedPostgresErrorCode =
  | 'POSTGRES_BINARIES_MISSING'
  | 'POSTGRES_BINARIES_UNUSABLE'
  | 'POSTGRES_DIRECTORY_LOCKED'
  | 'POSTGRES_DIRECTORY_UNUSABLE'
  | 'POSTGRES_DIRECTORY_VERSION'
  | 'POSTGRES_PORT_IN_USE'
  | 'POSTGRES_START_FAILED'
  | 'POSTGRES_STOPPED';

/** Codes under which the same call may succeed later, with nothing changed by hand. */
const retryableCodes: readonly EmbeddedPostgresErrorCode[] = [
  'POSTGRES_DIRECTORY_LOCKED',
  'POSTGRES_PORT_IN_USE',
];

const brand = Symbol.for('leftfold.error');

/**
 * A Postgres server could not be started or restarted. The message says why and what to do.
 *
 * Carries the brand, `code` and `retryable` of every Leftfold error without importing
 * any: this package stands alone.
 */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;
  readonly retryable: boolean;
  /** The process that holds the directory, with `POSTGRES_DIRECTORY_LOCKED`. */
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
    // Not enumerable: an error that is logged or compared shows its own fields only.
    Object.defineProperty(this, brand, { value: true });
  }
}
