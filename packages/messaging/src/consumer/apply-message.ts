import { readable } from '@leftfold/core/input';
import type { OpenedPool, PipelinedTransaction, StatementNames } from '@leftfold/postgres';
import { withinCall } from '@leftfold/subscriptions';
import { receiveNextQuery, receiveQuery, type Received, setAsideQuery } from '../sql/inbox/receive.ts';
import type { ConsumedMessage } from './consumed-message.ts';
import type { ConsumerSettings } from './consumer-options.ts';
import { type ExecuteMessageCommand, handleMessage, type MessageCall } from './handle-message.ts';
import type { PlacedMessage } from './message-reader.ts';

/** What applying messages needs. */
export interface ApplyContext {
  readonly settings: ConsumerSettings;
  /** Of the inbox. */
  readonly schema: string;
  /** Undefined for a consumer that belongs to no app: its handlers execute no commands. */
  readonly execute: ExecuteMessageCommand | undefined;
  readonly database: OpenedPool;
  readonly names: StatementNames | undefined;
  /** Aborts when handlers must end because the consumer stops. */
  readonly stopped: AbortSignal;
}

/** One attempt to apply a message. */
export interface Attempt {
  readonly message: PlacedMessage;
  /** What handlers get; reading it throws what is wrong with the message. */
  readonly read: () => readonly ConsumedMessage[];
  readonly attempt: number;
  /** Whether the message was set aside before. */
  readonly fromAside: boolean;
  /** Whether the message follows the last one that this process knows of: then the handler need not wait for the inbox. */
  readonly expected: boolean;
}

/** What the handler threw, or its message, as against what the inbox or the connection did. */
export class HandlerFailure {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** A transaction without effects is given up: another process was first. */
class NotNext extends Error {}

/** Whether a message was not the expected one, so that the inbox must be asked before its handler is called. */
export function isNotNext(error: unknown): boolean {
  return error instanceof NotNext;
}

/** How far an attempt has come. */
export class Progress {
  /** The inbox has answered. */
  received = false;
  /** The handler was called. */
  handled = false;

  /** What fails before the inbox has answered is not the handler's. */
  get isHandler(): boolean {
    return this.received && this.handled;
  }
}

/** The server ends a transaction after so much longer than the handler may take. */
const IDLE_BEYOND_MS = 2_000;
/** Milliseconds in which the database has to answer BEGIN and COMMIT. */
const ANSWER_MS = 30_000;

/**
 * Applies a message once: its handler's statements and the inbox's are one transaction. A message that is not the next one
 * of its key is set aside in it instead, or is a duplicate.
 *
 * Where the message is expected, the statement of the inbox goes before the first one of the handler, on the same way:
 * no answer is waited for in between. When the inbox then does not take it, all is rolled back and asked again.
 *
 * @returns what the inbox said; a HandlerFailure when the handler failed, so that nothing was done
 * @throws what the database or the connection threw otherwise: nothing was done, or whether it was is unknown; and the
 * reason of `stopped`
 */
export async function applyMessage(
  context: ApplyContext,
  attempt: Attempt,
): Promise<Received | HandlerFailure> {
  if (!attempt.expected) return inOneTransaction(context, attempt);
  try {
    return await inOneTransaction(context, attempt);
  } catch (error) {
    if (!isNotNext(error)) throw error;
    return inOneTransaction(context, { ...attempt, expected: false });
  }
}

/** Limits of a transaction in which handlers run. */
export function limitsOf({ timeoutMs }: ConsumerSettings): {
  readonly idleMs: number;
  readonly answerMs: number;
} {
  return { idleMs: timeoutMs + IDLE_BEYOND_MS, answerMs: ANSWER_MS };
}

async function inOneTransaction(context: ApplyContext, attempt: Attempt): Promise<Received | HandlerFailure> {
  const { settings, database, names, stopped } = context;
  const { timeoutMs } = settings;
  const progress = new Progress();
  return withinCall({ timeoutMs, stopped }, async (signal) => {
    try {
      return await database.inTransaction(
        names,
        (open) => applyIn(open, context, { signal, progress }, attempt),
        { ...limitsOf(settings), signal },
      );
    } catch (error) {
      if (isNotNext(error) || stopped.aborted || !progress.isHandler) throw error;
      return new HandlerFailure(error);
    }
  });
}

/** Applies a message in a transaction that is open. @throws what the handler or the inbox throws: roll back then */
export async function applyIn(
  { tx, send }: PipelinedTransaction,
  { settings, schema, execute }: ApplyContext,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
  { message, read, attempt, fromAside, expected }: Attempt,
): Promise<Received> {
  const inbox = { schema, consumer: settings.name };
  const receiving = send(receiveQuery(inbox, message, fromAside)).then((answer) => {
    progress.received = true;
    return (answer as { readonly rows: readonly [Received] }).rows[0];
  });
  // It is waited for below, perhaps after the handler has thrown. What it has no part of is not rolled back with it.
  const taken = receiving.then(({ verdict }) => {
    if (verdict !== 'apply') throw new NotNext();
  });
  taken.catch(() => {});
  const handle = async () => {
    await Promise.all(
      await callHandlers(settings, { read, taken, execute, tx, send, signal, attempt }, progress),
    );
  };
  if (!expected) {
    const received = await receiving;
    if (received.verdict === 'apply') await handle();
    else if (received.verdict !== 'duplicate') await send(setAsideQuery(inbox, message, received.verdict));
    return received;
  }
  const handling = handle();
  handling.catch(() => {}); // what it throws counts only if the message is the next one
  const received = await receiving;
  if (received.verdict !== 'apply') {
    await handling.catch(() => {});
    throw new NotNext();
  }
  await handling;
  return received;
}

/**
 * Calls the handlers of a message in a transaction that is open, and leaves the inbox to a later call of
 * {@link receiveAll}, before the commit. For an expected message whose handlers execute no commands: these are committed by
 * themselves, and so only when the inbox has taken the message.
 *
 * @returns the answers to statements that are sent: to be waited for
 * @throws what the handler throws: roll back then
 */
export async function handleIn(
  { tx, send }: PipelinedTransaction,
  { settings }: ApplyContext,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
  { read, attempt }: Attempt,
): Promise<readonly Promise<unknown>[]> {
  const taken = Promise.resolve(); // by no command
  return callHandlers(settings, { read, taken, execute: undefined, tx, send, signal, attempt }, progress);
}

/**
 * Has the inbox take messages of different keys, without waiting for another transaction.
 *
 * @throws when one of them is not the next one of its key, or another transaction has that: roll back then
 */
export async function receiveAll(
  { send }: PipelinedTransaction,
  { settings, schema }: ApplyContext,
  messages: readonly PlacedMessage[],
): Promise<void> {
  const answer = await send(receiveNextQuery({ schema, consumer: settings.name }, messages));
  const [row] = (answer as { readonly rows: readonly { readonly next: boolean }[] }).rows;
  if (row?.next !== true) throw new NotNext();
}

async function callHandlers(
  settings: ConsumerSettings,
  { read, ...call }: Omit<MessageCall, 'messages'> & Pick<Attempt, 'read'>,
  progress: Progress,
): Promise<readonly Promise<unknown>[]> {
  progress.handled = true;
  try {
    return await handleMessage(settings, { messages: read(), ...call });
  } catch (thrown) {
    throw readable(thrown);
  }
}
