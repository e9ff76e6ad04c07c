export { databaseTest, serverTest } from './database-test.ts';
export { disposeAfter, type FixtureEnd } from './dispose-after.ts';
export { hostileSession, setHostileSettings } from './hostile-settings.ts';
export { beginTransaction, type OpenTransaction } from './open-transaction.ts';
