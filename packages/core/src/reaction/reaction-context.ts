import type { AnyCommand, CommandReason } from '../aggregate/command.ts';
import type { CustomMetadata } from '../event/metadata.ts';
import type { LogToken } from '../log-token/log-token.ts';
import type { AbortSignalLike } from '../store/reading.ts';

/** An `AbortSignal`, where the platform's types have one. */
export type ReactionSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer TSignal };
}
  ? TSignal
  : AbortSignalLike;

/** What became of a command of a reaction. A rejection is a value; `accepted` of `leftfold` throws it. */
export type ReactionCommandResult<TReason extends string = string> =
  | {
      readonly outcome: 'accepted';
      /** True when the command was executed before: the event is processed once more. */
      readonly duplicate: boolean;
      readonly token: LogToken;
    }
  | {
      readonly outcome: 'rejected';
      /** `<aggregate>.<command>`, or the decision's name. */
      readonly command: string;
      readonly reason: TReason;
      readonly token: LogToken;
    };

/** What a reaction's handler gets beside the event. */
export interface ReactionContext {
  /**
   * Executes a command. Its id is derived from the reaction's name, the event and the number of the call in the handler,
   * so that the command happens once, however often the event is processed: make the same calls in the same order. It
   * joins the correlation of the event.
   *
   * @param options.metadata the app's own fields, where its metadata schema requires some
   * @throws what `execute` of the app throws
   */
  readonly execute: <TCommand extends AnyCommand>(
    command: TCommand,
    options?: { readonly metadata?: CustomMetadata | undefined },
  ) => Promise<ReactionCommandResult<CommandReason<TCommand>>>;
  /** A text that is the same each time the event is processed: an idempotency key for the service that is called. */
  readonly idempotencyKey: string;
  /** Aborts when the handler must end: `timeoutMs` is over, the process lost the lease, or it stops. */
  readonly signal: ReactionSignal;
  /** How often the event is tried, this attempt included: from 1. */
  readonly attempt: number;
}
