import type {
  AnyEventGroup,
  HandlerResult,
  JsonValue,
  ReactionContext,
  RecordedEventOf,
} from '@leftfold/core';
import type { Transaction } from 'kysely';
import type { CloudEventAttributes } from '../transport/transport.ts';

/** A message as a handler gets it. */
export interface ConsumedMessage<TType extends string = string, TData extends JsonValue = JsonValue> {
  readonly type: TType;
  /** Version of the schema that `data` matches, after upcasting. */
  readonly schemaVersion: number;
  readonly data: TData;
  /** The same each time the message is delivered. */
  readonly id: string;
  readonly source: string;
  /** Messages with one key are handled one after another, in their order. */
  readonly key: string;
  /** The place of the message among those of its source: rises with each of them, also as text. */
  readonly sequence: string;
  /** When its event was recorded; undefined when the source does not say it. */
  readonly time: Date | undefined;
  /** The CloudEvent's attributes, by name, such as `subject`, `traceparent` and `correlationid`. */
  readonly attributes: CloudEventAttributes;
}

/** Any message of these groups. Narrow it by `type`. */
export type MessageOf<TGroups extends readonly AnyEventGroup[]> = {
  [TType in MessageType<TGroups>]: MessageOfType<TGroups, TType>;
}[MessageType<TGroups>];

/** The types of the messages of these groups. */
export type MessageType<TGroups extends readonly AnyEventGroup[]> = RecordedEventOf<TGroups[number]>['type'];

/** A message of one type. */
export type MessageOfType<TGroups extends readonly AnyEventGroup[], TType extends string> = ConsumedMessage<
  TType,
  Extract<RecordedEventOf<TGroups[number]>, { readonly type: TType }>['data']
>;

/** What a handler gets beside the message. */
export interface MessageContext {
  /**
   * The transaction in which the message is marked as handled: what is written in it happens once. Name your tables with
   * kysely's `tx.withTables<…>()`.
   */
  readonly tx: Transaction<unknown>;
  /**
   * A text that is the same each time this consumer handles the message, and another one for each consumer: an idempotency
   * key of another service.
   */
  readonly idempotencyKey: string;
  /** Aborts when the handler must end: `timeoutMs` is over, or the consumer stops. */
  readonly signal: AbortSignal;
  /** How often the message is tried, this attempt included, as far as attempts were counted: from 1. */
  readonly attempt: number;
}

/** What a handler gets beside the message when its consumer runs in an app. */
export interface AppMessageContext extends MessageContext {
  /**
   * Executes a command of the app. Its id is derived from the consumer's name, the message and the number of the call in
   * the handler, so that the command happens once, however often the message is handled: make the same calls in the same
   * order. It joins the correlation of the message. It is not part of `tx`: its events stay when the handler fails later.
   *
   * @throws what `execute` of the app throws
   */
  readonly execute: ReactionContext['execute'];
}

/**
 * Handles a message. What it throws rolls the transaction back, and counts as a failure of the message.
 *
 * A handler that needs no result of its statements returns them and does not execute them: they are sent in their order,
 * without waiting for the answer to each, which is several times as fast.
 */
export type HandleMessage<TMessage, TContext extends MessageContext = MessageContext> = (
  message: TMessage,
  context: TContext,
) => HandlerResult | undefined;
