import type { InboxTotals } from '../sql/inbox/progress.ts';

/**
 * `connected`: messages are received and handled. `waiting`: the transport or the database is away, and both are tried
 * again; see `waitingFor`. `stopped`: it was stopped, or a message failed for the last time and `onFailure` is `stop`.
 * `created`: not started yet.
 */
export type ConsumerState = 'created' | 'connected' | 'waiting' | 'stopped';

/** State and progress of a consumer: what is set aside by all processes, and the rest of this process. */
export interface ConsumerStatus extends InboxTotals {
  readonly name: string;
  /** The name of its transport. */
  readonly transport: string;
  readonly state: ConsumerState;
  /** Set while it waits: for what, in words. */
  readonly waitingFor: string | undefined;
  /** Since when it waits. */
  readonly waitingSince: Date | undefined;
  /** Why it stopped by itself. */
  readonly failure: string | undefined;
  /** Messages that were delivered and are not acknowledged yet. */
  readonly inFlight: number;
  /** Most messages that are held: less than the option `prefetch` after messages with large bodies. */
  readonly prefetch: number;
  /** When a message was delivered last. */
  readonly lastMessageAt: Date | undefined;
}
