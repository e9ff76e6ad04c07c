// Makes `inject('leftfoldPostgres')` a string for whoever imports this package.
declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the server for tests, for a user who may create databases. */
    leftfoldPostgres: string;
    /** Name of this run of the tests: its databases are named after it. */
    leftfoldTestRun: string;
  }
}

export {};
