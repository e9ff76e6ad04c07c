export { type TestDatabase, type TestDatabaseOptions, createTestDatabase } from './test-database.ts';
export type { Preparation } from './template.ts';
export { type UntilOptions, until } from './until.ts';
export { type Queryable, type UntilBlockedOptions, untilBlocked } from './until-blocked.ts';
