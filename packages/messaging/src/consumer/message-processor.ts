import {
  InvalidEventError,
  InvalidMessageError,
  LeftfoldError,
  MessageParkedError,
  retryDelayMs,
  SourceRewoundError,
  UnknownEventError,
} from '@leftfold/core';
import { readable, thrownText } from '@leftfold/core/input';
import { isOperational, Slots } from '@leftfold/postgres';
import { storableMessage } from '@leftfold/subscriptions';
import {
  beginAttempt,
  beginSource,
  countedAttempts,
  type InboxConnection,
  keepUnplaced,
  recordFailure,
  releaseTaken,
  takeNext,
} from '../sql/inbox/attempts.ts';
import type { MessageContent, MessageIdentity, SourceKey } from '../sql/inbox/inbox-rows.ts';
import { resumeFailedKeys } from '../sql/inbox/parked.ts';
import { type ApplyContext, type Attempt, HandlerFailure } from './apply-message.ts';
import type { MessageReader, PlacedMessage } from './message-reader.ts';
import { LastApplied, placeOf } from './next-messages.ts';
import { SharedTransactions } from './shared-transactions.ts';
import type { UntilDone } from './until-done.ts';

/** What a processor tells. */
export interface ProcessorEvents {
  /** Each failure, and each message that is set aside for longer. */
  readonly onIncident: (error: unknown) => void;
  /** A message failed for the last time, and `onFailure` is `stop`. */
  readonly onStop: (error: MessageParkedError) => void;
}

/** Most keys that are known to wait for another release than this one. While there are more, none is resumed. */
const MAX_UNREADABLE = 1_000;
/**
 * Failures of a message by the state of the database that are not counted as its own. One that fails like that each time, by
 * a statement that times out or one that ends its session, holds up its key only. While there is no connection, no handler
 * is called.
 */
const PASSING_FAILURES = 5;
/** No other process takes a message that is tried for so much longer than its handler may take. */
const CLAIM_BEYOND_MS = 10_000;

/**
 * Handles messages, each in a transaction with the inbox: what returns is done, or is set aside, durably. Waits while the
 * database cannot be written to.
 */
export class MessageProcessor {
  readonly #context: ApplyContext;
  readonly #inbox: InboxConnection;
  readonly #reader: MessageReader;
  readonly #untilDone: UntilDone;
  readonly #events: ProcessorEvents;
  readonly #transactions: SharedTransactions;
  readonly #last = new LastApplied();
  /** Messages that have perhaps ended a process before are tried one by one, so that others do not end with them. */
  readonly #suspects = new Slots(1);
  /** Keys that this release could not read: of a type that it knows, perhaps, in a newer version. */
  readonly #unreadable = new Map<string, SourceKey>();
  /** Sources whose first message is remembered. */
  readonly #begun = new Set<string>();

  constructor(
    context: ApplyContext,
    parts: {
      readonly inbox: InboxConnection;
      readonly reader: MessageReader;
      readonly untilDone: UntilDone;
      readonly events: ProcessorEvents;
    },
  ) {
    this.#context = context;
    this.#transactions = new SharedTransactions(context);
    this.#inbox = parts.inbox;
    this.#reader = parts.reader;
    this.#untilDone = parts.untilDone;
    this.#events = parts.events;
  }

  /**
   * Handles a message that was delivered, and then those of its key that waited for it.
   *
   * @param redelivered whether it may have been begun before
   * @throws the reason when the consumer stops first
   */
  async deliver(message: PlacedMessage, redelivered: boolean): Promise<void> {
    if (!this.#begun.has(message.source)) {
      await this.#untilDone.run(() => beginSource(this.#inbox, message));
      this.#begun.add(message.source);
    }
    const blocked = redelivered
      ? await this.#deliverAgain(message)
      : await this.#try({ message, attempt: 1, fromAside: false }, true);
    if (blocked) await this.continueKey(message);
  }

  /**
   * Has those tried again that an older release could not read, and that this one has not tried. An older process may still
   * run, and take and park them again. @throws what the database answers
   */
  async resumeReadable(): Promise<void> {
    if (this.#unreadable.size > MAX_UNREADABLE) return;
    const except = [...this.#unreadable.values()];
    await resumeFailedKeys(this.#inbox, { code: 'UNKNOWN_EVENT', types: this.#reader.types, except });
  }

  /** Keeps what was delivered and cannot be placed. @throws the reason when the consumer stops first */
  async keepUnplaced(content: MessageContent, error: InvalidMessageError): Promise<void> {
    const problem = storableMessage(error.message);
    await this.#untilDone.run(() => keepUnplaced(this.#inbox, content, problem));
    this.#events.onIncident(error);
  }

  /** Handles the messages of a key that are set aside, as far as they are due. @throws the reason when the consumer stops first */
  async continueKey({ source, key }: SourceKey): Promise<void> {
    const claimMs = this.#context.settings.timeoutMs + CLAIM_BEYOND_MS;
    for (;;) {
      const taken = await this.#untilDone.run(() => takeNext(this.#inbox, { source, key }, claimMs));
      if (taken === undefined) return;
      try {
        const placed = this.#reader.tryToPlaceStored(taken);
        if (placed instanceof InvalidMessageError) await this.#fail(taken, placed, taken.attempt);
        else
          await this.#tryCounted({
            message: { ...placed, source, key },
            attempt: taken.attempt,
            fromAside: true,
          });
      } catch (error) {
        if (!this.#context.stopped.aborted) throw error;
        await releaseTaken(this.#inbox, taken).catch(() => {});
        throw error;
      }
    }
  }

  /** @returns whether other messages of the key are set aside */
  async #deliverAgain(message: PlacedMessage): Promise<boolean> {
    const counted = await this.#untilDone.run(() => countedAttempts(this.#inbox, message));
    const tryIt = async () => {
      const attempt = await this.#untilDone.run(() => beginAttempt(this.#inbox, message));
      const tried = { message, attempt: attempt ?? 1, fromAside: false };
      return attempt === undefined ? this.#try(tried) : this.#tryCounted(tried);
    };
    return counted === 0 ? tryIt() : this.#suspects.during(tryIt);
  }

  /** Tries a message whose attempt is counted: one too many, and it has ended the process each time. */
  async #tryCounted(tried: Pick<Attempt, 'message' | 'attempt' | 'fromAside'>): Promise<boolean> {
    const { attempts } = this.#context.settings.retry;
    if (tried.attempt <= attempts) return this.#try(tried);
    const cause = new Error('the process ended each time while it was handled');
    await this.#fail(tried.message, cause, attempts);
    return false;
  }

  /** @returns whether other messages of the key are set aside */
  async #try(
    { message, attempt, fromAside }: Pick<Attempt, 'message' | 'attempt' | 'fromAside'>,
    mayShare = false,
  ): Promise<boolean> {
    const { settings } = this.#context;
    const takes = (type: string) => settings.handlerOf(type) !== undefined;
    let passed = 0;
    const outcome = await this.#untilDone.run(async () => {
      const read = () => this.#reader.read(message, takes);
      const expected = !fromAside && this.#last.isNext(message);
      const applied = await this.#transactions.apply(
        { message, read, attempt, fromAside, expected },
        mayShare,
      );
      if (!(applied instanceof HandlerFailure) || !isOperational(applied.cause)) return applied;
      // The state of the database, and not the message, is the cause: unless it is the same each time.
      if ((passed += 1) < PASSING_FAILURES) throw applied.cause;
      return applied;
    });
    if (outcome instanceof HandlerFailure) {
      await this.#fail(message, outcome.cause, attempt);
      return false;
    }
    const { verdict, blocked } = outcome;
    if (verdict === 'apply') this.#last.applied(message);
    if (verdict === 'fork' && blocked !== 'fork')
      this.#events.onIncident(new SourceRewoundError({ consumer: settings.name, ...message }));
    return blocked !== null && (verdict === 'apply' || verdict === 'duplicate');
  }

  async #fail(message: MessageIdentity & MessageContent, thrown: unknown, attempts: number): Promise<void> {
    const { name, retry, onFailure } = this.#context.settings;
    const cause = readable(thrown);
    const again = attempts < retry.attempts && !isLasting(cause);
    const { source, key } = message;
    if (cause instanceof UnknownEventError) this.#unreadable.set(placeOf(message), { source, key });
    const stops = !again && onFailure === 'stop';
    const retryMs = again ? retryDelayMs(retry, attempts, 0.5 + Math.random() / 2) : stops ? 0 : undefined;
    const recorded = await this.#untilDone.run(() =>
      recordFailure(this.#inbox, message, {
        type: storableMessage(message.attributes['type'] ?? ''),
        code: LeftfoldError.is(cause) ? cause.code : undefined,
        message: storableMessage(thrownText(cause)),
        // Whatever starts after a stop begins to count anew.
        attempts: stops ? 0 : attempts,
        retryMs,
      }),
    );
    if (again || !recorded) {
      this.#events.onIncident(cause);
      return;
    }
    const parked = new MessageParkedError({ consumer: name, ...message }, attempts, { cause });
    if (stops) this.#events.onStop(parked);
    else this.#events.onIncident(parked);
  }
}

/** A message that this release cannot read does not become readable by trying it again. */
function isLasting(cause: unknown): boolean {
  return (
    cause instanceof UnknownEventError ||
    cause instanceof InvalidEventError ||
    cause instanceof InvalidMessageError
  );
}
