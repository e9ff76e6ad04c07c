/** A PostgreSQL server for tests. */
export interface TestServer {
  /** Connects as a user that may create databases. */
  readonly connectionString: string;
  /** One line to print: the server and its source, without the password. */
  readonly description: string;
  readonly stop: () => Promise<void>;
}

/** The process's environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws RangeError when Leftfold does not support the version in `LEFTFOLD_TEST_POSTGRES_VERSION`. */
export function wantedVersion(environment: Environment): 15 | 16 | 17 | 18 {
  const asked = environment['LEFTFOLD_TEST_POSTGRES_VERSION'] ?? '17';
  const version = ([15, 16, 17, 18] as const).find((one) => String(one) === asked);
  if (version === undefined) {
    throw new RangeError(`LEFTFOLD_TEST_POSTGRES_VERSION is "${asked}"; it must be 15, 16, 17 or 18`);
  }
  return version;
}
