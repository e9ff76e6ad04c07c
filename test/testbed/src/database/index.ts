export { databaseTest } from './database-test.ts';
export { disposeAfter, type FixtureEnd } from './dispose-after.ts';
