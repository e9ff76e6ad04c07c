// Types `inject('leftfoldPostgres')` as a string in every project that imports this package.
declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the server for tests, with a user that may create databases. */
    leftfoldPostgres: string;
    /** Name of this run of the tests, used in the names of its databases. */
    leftfoldTestRun: string;
  }
}

export {};
