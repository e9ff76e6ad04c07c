export type { InlineHook } from './append/inline-append.ts';
export type { EventStoreOptions, PostgresAppendContext } from './event-store-options.ts';
export type { CallerTransaction, ConnectionOptions, PipelinedTransaction } from '@leftfold/postgres';
export { createEventStore } from './create-event-store.ts';
export { PostgresEventStore } from './postgres-event-store.ts';
export type { LogPage } from './read/log-page.ts';
export type { ReadPageOptions } from './read/log-reader.ts';
export type { LogPlace, WaitForHighWaterMarkOptions } from './high-water/high-water-watch.ts';
export { hasEventOf, tokenColumns, type TokenRow } from './sql/token.ts';
export { DEMOTED_TOPIC } from './high-water/append-channel.ts';
export { checkHistory, type CheckHistoryOptions } from './history/check-history.ts';
export type {
  HistoryCount,
  HistoryFailure,
  HistoryProgress,
  HistoryReport,
} from './history/history-report.ts';
