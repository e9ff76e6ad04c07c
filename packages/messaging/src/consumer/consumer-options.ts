import {
  type AnyEventGroup,
  InvalidArgumentError,
  type OnFailure,
  type RetryOptions,
  type RetryPolicy,
  toRetryPolicy,
} from '@leftfold/core';
import {
  assertDuration,
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertGivenText,
  assertOneOf,
  assertSubscriptionName,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import type { ConnectionOptions } from '@leftfold/postgres';
import { assertTransport } from '../relay/define-relay.ts';
import { assertInboxSchema, DEFAULT_SCHEMA } from '../sql/inbox/inbox-sql.ts';
import type { Transport } from '../transport/transport.ts';
import type {
  HandleMessage,
  MessageContext,
  MessageOf,
  MessageOfType,
  MessageType,
} from './consumed-message.ts';
import type { OnConsumerIncident } from './consumer-incident.ts';
import { type HandlerOf, handlersOf } from './message-handlers.ts';

/** What each consumer has. `TContext`: what its handlers get beside the message. */
export interface ConsumerParts<TGroups extends readonly AnyEventGroup[], TContext extends MessageContext> {
  /** Names the consumer: processes with one name share the messages, and what of them is handled. */
  readonly name: string;
  /** Where the messages come from, such as `rabbitmq({ url, exchange: 'orders' })`. */
  readonly transport: Transport;
  /** The relays whose messages it takes, by their `source`. */
  readonly sources: readonly string[];
  /** The published language of those relays: what they have as `publishes`. */
  readonly messages: TGroups;
  /**
   * Handlers by message type. Messages of a type without one are skipped. Give either `on` or `handle`.
   */
  readonly on?: {
    readonly [TType in MessageType<TGroups>]?: HandleMessage<MessageOfType<TGroups, TType>, TContext>;
  };
  /** Handles each message, whatever its type is. */
  readonly handle?: HandleMessage<MessageOf<TGroups>, TContext>;
  /** Most handlers that run at one time, from 1 to 1000. Each takes a connection. @default 10 */
  readonly concurrency?: number | undefined;
  /**
   * Milliseconds for which a transaction takes further messages, of other keys, when some wait: fewer commits. When it fails,
   * each of them is handled alone. 0 for a transaction for each message, which is needed where a handler waits for what
   * another connection of its own writes to the same rows.
   *
   * @default 10; for a consumer of an app 0, since its commands take other connections
   */
  readonly transactionMs?: number | undefined;
  /** Most messages that are held in memory. Their bodies have 64 MB at most, or are one message. @default 100 */
  readonly prefetch?: number | undefined;
  /** Milliseconds for one call of a handler; then it is a failure. @default 20000 */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that a missing message may be late, before it is reported. @default 5000 */
  readonly gapTimeoutMs?: number | undefined;
  /** Milliseconds that `stop()` waits for handlers; then they are rolled back. @default 10000 */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * What happens when a message has failed as often as `retry.attempts` says. `park`: its key is set aside until an
   * operator resumes it or gives the message up. `stop`: the consumer stops.
   *
   * @default 'park'
   */
  readonly onFailure?: OnFailure | undefined;
  /**
   * How often a message is tried. Between two attempts its key waits, and no other.
   *
   * @default attempts 5, firstDelayMs 1000, maxDelayMs 60000
   */
  readonly retry?: RetryOptions | undefined;
  /**
   * Called for each incident. That of an app, `subscriptions.onIncident`, is called too.
   *
   * @default a warning of the process, unless the app has one
   */
  readonly onIncident?: OnConsumerIncident | undefined;
}

/** Options of `createConsumer`. */
export interface ConsumerOptions<TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[]>
  extends ConsumerParts<TGroups, MessageContext>,
    InboxOptions {}

/** Where the inbox of a consumer is. */
export interface InboxOptions {
  /** Any PostgreSQL database: the one that the handlers write to. */
  readonly database: ConnectionOptions;
  /** The schema of the inbox in that database. @default 'leftfold_inbox' */
  readonly schema?: string | undefined;
  /** Set to false behind a pooler that does not support prepared statements. @default true */
  readonly preparedStatements?: boolean | undefined;
}

/** What a consumer works by. */
export interface ConsumerSettings {
  readonly name: string;
  readonly transport: Transport;
  readonly sources: ReadonlySet<string>;
  readonly messages: readonly AnyEventGroup[];
  readonly handlerOf: HandlerOf;
  readonly concurrency: number;
  readonly transactionMs: number;
  readonly prefetch: number;
  readonly timeoutMs: number;
  readonly gapTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly onFailure: OnFailure;
  readonly retry: RetryPolicy;
  /** Undefined for warnings of the process. */
  readonly onIncident: OnConsumerIncident | undefined;
}

/** The place of an inbox, with its defaults. */
export type InboxSettings = Required<{
  readonly [TName in keyof InboxOptions]: Exclude<InboxOptions[TName], undefined>;
}>;

/** The names of what each consumer has. */
export const partNames: OptionNames<ConsumerParts<readonly AnyEventGroup[], MessageContext>> = {
  name: true,
  transport: true,
  sources: true,
  messages: true,
  on: true,
  handle: true,
  concurrency: true,
  transactionMs: true,
  prefetch: true,
  timeoutMs: true,
  gapTimeoutMs: true,
  stopTimeoutMs: true,
  onFailure: true,
  retry: true,
  onIncident: true,
};

const databaseNames: OptionNames<ConnectionOptions> = {
  connectionString: true,
  pool: true,
  maxConnections: true,
};

const defaultRetry: RetryPolicy = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 };

/** Longer ones would overflow the timers of Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * What a consumer works by, with the defaults. The names of options are checked before.
 *
 * @param defaultTransactionMs of {@link ConsumerParts.transactionMs}
 * @throws InvalidNameError when the name is empty, too long, or has "+"
 * @throws InvalidArgumentError when a part is missing, or is none
 */
export function toConsumerSettings<TGroups extends readonly AnyEventGroup[], TContext extends MessageContext>(
  options: ConsumerParts<TGroups, TContext>,
  defaultTransactionMs: number,
): ConsumerSettings {
  const { name, transport, sources, messages, onIncident } = options;
  const { concurrency = 10, prefetch = 100, onFailure = 'park' } = options;
  const { transactionMs = defaultTransactionMs, timeoutMs = 20_000 } = options;
  const { gapTimeoutMs = 5_000, stopTimeoutMs = 10_000 } = options;
  assertSubscriptionName('consumer name', name);
  assertTransport(`transport of consumer "${name}"`, transport);
  assertEach('sources', sources, assertSource);
  if (sources.length === 0)
    throw new InvalidArgumentError(
      `sources of consumer "${name}"`,
      'must have one source or more: the option `source` of the relays whose messages it takes',
    );
  assertEach('messages', messages, assertEventGroup);
  assertWhole('concurrency', concurrency, { least: 1, most: 1_000 });
  assertWhole('transactionMs', transactionMs, { least: 0, most: MAX_TIMER_MS });
  assertWhole('prefetch', prefetch, { least: 1, most: 65_535 });
  assertWhole('timeoutMs', timeoutMs, { least: 1, most: MAX_TIMER_MS });
  assertDuration('gapTimeoutMs', gapTimeoutMs);
  assertWhole('stopTimeoutMs', stopTimeoutMs, { least: 1, most: MAX_TIMER_MS });
  assertOneOf(`onFailure of consumer "${name}"`, onFailure, ['park', 'stop']);
  assertFunction('onIncident', onIncident);
  return {
    name,
    transport,
    sources: new Set(sources),
    messages,
    handlerOf: handlersOf(options),
    concurrency,
    transactionMs,
    prefetch,
    timeoutMs,
    gapTimeoutMs,
    stopTimeoutMs,
    onFailure,
    retry: toRetryPolicy(options.retry, defaultRetry),
    onIncident,
  };
}

/** The place of an inbox, with the defaults. @throws InvalidNameError, InvalidArgumentError when a part is none */
export function toInboxSettings({
  database,
  schema = DEFAULT_SCHEMA,
  preparedStatements = true,
}: InboxOptions): InboxSettings {
  assertGiven('database', database, databaseNames);
  assertInboxSchema(schema);
  assertOneOf('preparedStatements', preparedStatements, [true, false]);
  return { database, schema, preparedStatements };
}

function assertSource(argument: string, source: unknown): void {
  assertGivenText(argument, source);
  if (source === '' || (source as string).length > 255)
    throw new InvalidArgumentError(argument, 'must be the source of a relay, of 1 to 255 characters');
}
