import { InvalidArgumentError } from '@leftfold/core';
import { statementsIn } from './statements-in.ts';

/** Spaces and comments. */
const between = String.raw`(?:\s|--[^\n]*(?:\n|$)|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)`;
const controlForm = new RegExp(
  `^${between}*(?:begin|start|commit|end|abort|prepare${between}+transaction|rollback(?!${between}+(?:(?:work|transaction)${between}+)?to\\b))\\b`,
  'i',
);
const isControlling = (statement: string) => controlForm.test(statement);
/** Of a text with several statements, or with a comment that may have others in it. */
const hasParts = /;\s*\S|^\s*;|\/\*/;
const localForm = new RegExp(`^${between}*set${between}+(?:local|constraints|transaction)\\b`, 'i');

/** The status of a connection without a transaction. */
const OUTSIDE = 'I';

/** First words of command tags that only a transaction's begin or end has. */
const controlTags: ReadonlySet<unknown> = new Set(['BEGIN', 'START', 'COMMIT']);
/** Of what stays in effect after the transaction. */
const sessionTags: ReadonlySet<unknown> = new Set([
  'SET',
  'RESET',
  'DISCARD',
  'PREPARE',
  'DEALLOCATE',
  'LISTEN',
  'UNLISTEN',
  'LOAD',
]);
/** The same of functions and tables, as far as a text shows it. */
const sessionForm =
  /\bset_config\s*\([^)]*,\s*false\s*\)|\bpg_(?:try_)?advisory_lock|\b(?:create|into)\s+temp(?:orary)?\b/i;

/** Of what a later statement of the transaction sees, beside rows. */
const settingForm = /\bset_config\s*\(/i;

/** What a statement was answered with. */
interface Answer {
  readonly command?: unknown;
}

/**
 * Keeps the statements of a handler inside of its transaction: it neither ends the transaction, which would separate its
 * effects from the progress that is recorded with them, nor changes what later transactions of the connection do.
 */
export class TransactionGuard {
  #isSessionChanged = false;
  #isTransactionChanged = false;
  #ended: Error | undefined;

  /** Whether a role, a setting or a lock could last: the connection must be closed then. */
  get isSessionChanged(): boolean {
    return this.#isSessionChanged;
  }

  /** Whether a role, a setting or a temporary table may be another one until the transaction ends. */
  get isTransactionChanged(): boolean {
    return this.#isTransactionChanged;
  }

  /**
   * @param transactionStatus before it is sent
   * @throws InvalidArgumentError for a statement that begins or ends a transaction, or comes after one that did: it must
   * not be sent
   */
  assertInside(text: string, transactionStatus: unknown): void {
    const isControl = hasParts.test(text) ? statementsIn(text).some(isControlling) : isControlling(text);
    if (isControl || transactionStatus === OUTSIDE) throw controlError();
  }

  /**
   * Looks at what was answered: for a text of several statements, a list.
   *
   * @throws InvalidArgumentError when one of several statements has ended the transaction
   */
  watch(text: string, answer: Answer | Answer[], transactionStatus: unknown): void {
    const tags = (Array.isArray(answer) ? answer : [answer]).map(({ command }) => command);
    const isSetting = tags.some((tag) => sessionTags.has(tag));
    if (isSetting || sessionForm.test(text) || settingForm.test(text)) this.#isTransactionChanged = true;
    if (isSetting ? !localForm.test(text) : sessionForm.test(text)) this.#isSessionChanged = true;
    // Of one statement that is not awaited, the status may be the one after the framework's own commit.
    const isOutside = tags.length > 1 && transactionStatus === OUTSIDE;
    if (!isOutside && !tags.some((tag) => controlTags.has(tag))) return;
    this.#ended = controlError();
    throw this.#ended;
  }

  /** @throws InvalidArgumentError when the transaction was ended before: what is committed now is another one */
  assertNotEnded(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }
}

function controlError(): InvalidArgumentError {
  return new InvalidArgumentError(
    'statement',
    "begins or ends a transaction, which is the framework's; throw an error to have it rolled back, or use a savepoint",
  );
}
