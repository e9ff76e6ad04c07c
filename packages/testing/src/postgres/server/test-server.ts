/** A Postgres server that tests may use. */
export interface TestServer {
  /** For a user who may create databases. */
  readonly connectionString: string;
  /** One line for people: which server, and where it comes from. No password. */
  readonly description: string;
  readonly stop: () => Promise<void>;
}

/** The process's environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws RangeError when `LEFTFOLD_TEST_POSTGRES_VERSION` is no version that Leftfold supports. */
export function wantedVersion(environment: Environment): 15 | 16 | 17 | 18 {
  const asked = environment['LEFTFOLD_TEST_POSTGRES_VERSION'] ?? '17';
  const version = ([15, 16, 17, 18] as const).find((one) => String(one) === asked);
  if (version === undefined) {
    throw new RangeError(`LEFTFOLD_TEST_POSTGRES_VERSION is "${asked}"; it can be 15, 16, 17 or 18`);
  }
  return version;
}
