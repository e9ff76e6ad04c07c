/** The codes of `@leftfold/embedded`, which imports no other package and is imported by none. */
type EmbeddedErrorCode =
  | 'POSTGRES_BINARIES_MISSING'
  | 'POSTGRES_BINARIES_UNUSABLE'
  | 'POSTGRES_DIRECTORY_LOCKED'
  | 'POSTGRES_DIRECTORY_UNUSABLE'
  | 'POSTGRES_DIRECTORY_VERSION'
  | 'POSTGRES_PORT_IN_USE'
  | 'POSTGRES_START_FAILED'
  | 'POSTGRES_STOPPED';

/** An `EmbeddedPostgresError` of `@leftfold/embedded` with this code. */
interface EmbeddedErrorWith<TCode extends EmbeddedErrorCode> extends Error {
  readonly code: TCode;
  readonly retryable: boolean;
  /** The pid of the process that holds the directory, with `POSTGRES_DIRECTORY_LOCKED`. */
  readonly pid: number | undefined;
}

/** Any error of the embedded server: it has the brand of this framework. One member for each code, to narrow it by. */
export type AnyEmbeddedError = { [TCode in EmbeddedErrorCode]: EmbeddedErrorWith<TCode> }[EmbeddedErrorCode];
