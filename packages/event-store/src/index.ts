export type { InlineHook } from './append/appender.ts';
export type { AppendLimits } from './append/append-request.ts';
export type { StoreTransaction } from './connect/kysely.ts';
export { borrow, type ConnectionOptions, type Loan } from './connect/pool.ts';
export type { CallerTransaction } from './connect/statement-runner.ts';
export { valueParsers } from './connect/value-parsers.ts';
export { applyMigrations, type MigrateOptions, type Migration } from './migrate/apply-migrations.ts';
export {
  createEventStore,
  type EventStoreOptions,
  type PostgresAppendContext,
  PostgresEventStore,
} from './postgres-event-store.ts';
export type { LogPage, ReadPageOptions } from './read/log-reader.ts';
export type { WaitForHighWaterMarkOptions } from './high-water/high-water-watch.ts';
export { isConnectionFailure, toStoreError } from './sql/error.ts';
export { toSafeNumber } from './sql/row.ts';
