/**
 * What the packages publish on `node:diagnostics_channel` tracing channels, by channel name.
 *
 * A tracing channel is five channels: `tracing:<name>:start`, `:end`, `:asyncStart`, `:asyncEnd` and `:error`, all of
 * which receive the same message object; Node adds `error` to it when the work fails. Messages hold names, ids, counts and
 * positions only: no event data, metadata or command input.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel';
 * import type { TracingChannels } from '@leftfold/core';
 *
 * tracingChannel('leftfold:execute').subscribe({
 *   asyncEnd: (message) => {
 *     const { command, outcome, attempts } = message as TracingChannels['leftfold:execute'];
 *     console.log(command, outcome, attempts);
 *   },
 * });
 */
export interface TracingChannels {
  /** One call of `execute`, all attempts and middleware included. */
  readonly 'leftfold:execute': ExecuteTrace;
  /** One append as its caller sees it, the wait for its batch included. */
  readonly 'leftfold:append': AppendTrace;
  /** One call of the database that appends a batch of requests. */
  readonly 'leftfold:append.batch': AppendBatchTrace;
  /** One batch of a durable subscription, from its write to its commit. */
  readonly 'leftfold:subscription.batch': SubscriptionBatchTrace;
}

/** The message of `leftfold:execute`. */
export interface ExecuteTrace {
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly command: string;
  readonly commandId: string;
  /** Set when the command has ended without an error. */
  outcome?: 'accepted' | 'rejected';
  /** Reason of a rejection. */
  reason?: string;
  /** Number of attempts, version conflicts included. */
  attempts?: number;
  /** True when a command with this id was executed before. */
  duplicate?: boolean;
}

/** The message of `leftfold:append`. */
export interface AppendTrace {
  readonly schema: string;
  readonly streamIds: readonly string[];
  readonly eventCount: number;
  readonly commandId: string | undefined;
  /** Position of the last event; set when the append has succeeded. */
  position?: number;
  /** True when the same append was recorded before. */
  duplicate?: boolean;
}

/** The message of `leftfold:append.batch`. */
export interface AppendBatchTrace {
  readonly schema: string;
  /** Appends that share the transaction. */
  readonly requestCount: number;
  readonly eventCount: number;
}

/**
 * What is published on the plain channel `leftfold:subscription.parked` each time a key of a durable subscription is
 * parked, or parked again.
 */
export interface SubscriptionParkedMessage {
  readonly schema: string;
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  /** The event that failed. */
  readonly position: number;
  readonly type: string;
  readonly attempts: number;
}

/** What every message about one slice of a durable subscription has. */
interface SubscriptionMessage {
  readonly schema: string;
  readonly name: string;
  readonly version: number;
  readonly slice: number;
}

/** What is published on the plain channel `leftfold:subscription.stopped` when a durable subscription stops. */
export interface SubscriptionStoppedMessage extends SubscriptionMessage {
  /** The event at which it stopped; undefined when the failure has no single event. */
  readonly position: number | undefined;
  readonly type: string | undefined;
}

/** What is published on the plain channel `leftfold:subscription.stalled` when one does not advance though events wait. */
export interface SubscriptionStalledMessage extends SubscriptionMessage {
  /** Where its checkpoint is. */
  readonly position: number;
}

/**
 * What is published on the plain channel `leftfold:subscription.lease` when this process begins to work on a slice, and
 * when it ends. When another process takes over, one of them publishes `ended` and the other one `begun`.
 */
export interface SubscriptionLeaseMessage extends SubscriptionMessage {
  readonly change: 'begun' | 'ended';
  /** Increases with each process that takes the slice. */
  readonly epoch: number;
}

/** The message of `leftfold:subscription.batch`. */
export interface SubscriptionBatchTrace {
  readonly schema: string;
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  /** Position of the checkpoint before the batch. */
  readonly from: number;
  /** Position of the checkpoint after the batch. */
  readonly to: number;
  readonly eventCount: number;
  /** False when the lease was lost and nothing was written; set when the write has ended. */
  applied?: boolean;
}

/**
 * What is published on the plain channel `leftfold:process.input.ignored` when an instance does not take an input: it has
 * ended, does not exist and is not begun by it, its version does not read it, or the deadline is not open any more.
 */
export interface ProcessInputIgnoredMessage {
  readonly process: string;
  /** Of the instance. */
  readonly id: string;
  /** Of the input. */
  readonly type: string;
  /** `not-started`, `ended`, `not-read` or `deadline-over`. */
  readonly reason: string;
}
