/** How long a call waits for an answer of the database when its own timeout is shorter, or over. */
const ANSWER_MS = 1_000;
/** A longer timer of Node fires at once. The statement has a limit of its own. */
const MAX_ANSWER_MS = 60_000;

/** Milliseconds for which a call that has as many left waits for an answer of the database: at least a second. */
export function answerLimitMs(remainingMs: number): number {
  return Math.min(MAX_ANSWER_MS, Math.max(ANSWER_MS, remainingMs));
}
