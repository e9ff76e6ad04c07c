import { type AnyEventGroup, type AppendContext, assertSchemaName } from '@leftfold/core';
import type { AppendLimits } from '@leftfold/core/append';
import { assertGiven, assertObject, assertOneOf, assertWhole, type OptionNames } from '@leftfold/core/input';
import type { CallerTransaction, ConnectionOptions } from '@leftfold/postgres';
import type { InlineHook } from './append/inline-append.ts';

/** Options of `createEventStore`. */
export interface EventStoreOptions<TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[]>
  extends ConnectionOptions {
  /** Every event that the store writes or reads. */
  readonly events: TGroups;
  /** The Postgres schema that holds the log. @default 'leftfold' */
  readonly schema?: string | undefined;
  /** Runs in the transaction of every append that has one of its event types. */
  readonly inline?: InlineHook | undefined;
  /** Validate payloads when they are read too; they are always validated when they are written. @default false */
  readonly validateOnRead?: boolean | undefined;
  /** @default 1 MiB per event; 10,000 events and 32 MiB per append */
  readonly limits?: Partial<AppendLimits> | undefined;
  /** Batches of appends in flight at a time. @default 2, at most the pool's size */
  readonly appendConcurrency?: number | undefined;
  /**
   * Milliseconds in which the database has to answer a statement of the framework, or a query of a read model. Then its
   * connection is closed, and the call fails with STORE_UNAVAILABLE: behind a network that swallows packets, nothing else
   * would end it. Statements of your own in handlers and transactions have no such limit.
   *
   * @default 30000
   */
  readonly answerTimeoutMs?: number | undefined;
  /** Set to false behind a pooler that does not support prepared statements. @default true */
  readonly preparedStatements?: boolean | undefined;
  /** Use LISTEN for wake-ups. Set to false behind a pooler in transaction mode; waiting readers then poll more often. @default true */
  readonly listen?: boolean | undefined;
}

/** Options of an append that only this store has. */
export interface PostgresAppendContext<TType extends string = string> extends AppendContext<TType> {
  /**
   * Append inside this transaction, which must be read committed. The append commits or rolls back with it, inline
   * projections included. Readers wait for its end, so keep it short.
   */
  readonly transaction?: CallerTransaction | undefined;
}

/** Longer ones would overflow the timers of Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** The options that this store adds to those of an append. */
export const contextNames = { transaction: true } as const;
const storeNames: OptionNames<EventStoreOptions> = {
  connectionString: true,
  pool: true,
  maxConnections: true,
  events: true,
  schema: true,
  inline: true,
  validateOnRead: true,
  limits: true,
  appendConcurrency: true,
  answerTimeoutMs: true,
  preparedStatements: true,
  listen: true,
};

/** @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take */
export function assertStoreOptions(options: EventStoreOptions): void {
  assertGiven('options', options, storeNames);
  if (options.inline !== undefined)
    assertObject('a hook, such as inlineProjections(...)', 'inline', options.inline);
  if (options.schema !== undefined) assertSchemaName(options.schema);
  assertWhole('maxConnections', options.maxConnections, { least: 1 });
  assertWhole('appendConcurrency', options.appendConcurrency, { least: 1 });
  assertWhole('answerTimeoutMs', options.answerTimeoutMs, { least: 1, most: MAX_TIMER_MS });
  for (const name of ['validateOnRead', 'preparedStatements', 'listen'] as const)
    assertOneOf(name, options[name], [true, false]);
}
