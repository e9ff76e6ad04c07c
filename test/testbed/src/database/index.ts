export { databaseTest, serverTest } from './database-test.ts';
export { disposeAfter, type FixtureEnd } from './dispose-after.ts';
export {
  explainAll,
  type ExplainedStatement,
  JIT_ABOVE_COST,
  nodesOf,
  plansOfSession,
} from './explained-statements.ts';
export { hostileSession, setHostileSettings } from './hostile-settings.ts';
export { beginTransaction, type OpenTransaction } from './open-transaction.ts';
