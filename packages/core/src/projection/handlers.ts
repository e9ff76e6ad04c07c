import type { CompiledQuery, QueryExecutorProvider, Transaction } from 'kysely';
import type { RecordedEvent } from '../event/event.ts';

/** A statement that was built and not executed: by a query builder of kysely, or by its `sql`. */
export interface HandlerStatement {
  compile(provider: QueryExecutorProvider): CompiledQuery<unknown>;
}

/**
 * What a handler returns: a promise for what it awaited itself, or the statements to execute for it. Those go to the
 * database in their order, without waiting for each other's answers where the connection can.
 */
export type HandlerResult = Promise<unknown> | HandlerStatement | readonly HandlerStatement[];

/** How a runner takes part while handlers run. */
export interface HandlerRun {
  /** Told of each event before anything is done for it, and again before an error of its is thrown. */
  readonly onEvent: (event: RecordedEvent) => void;
  /** Sends a statement behind all that was sent before. Resolves when the database has answered. */
  readonly send: (query: CompiledQuery<unknown>) => Promise<unknown>;
}

/** An event, or some at a time, and what is to be done for it. */
export interface HandlerCall {
  /** The event to name when it fails; undefined for a call with several. */
  readonly event: RecordedEvent | undefined;
  readonly result: () => HandlerResult | undefined;
}

/**
 * Makes the calls in order, and waits until all their statements are answered.
 *
 * @throws whatever a handler throws or a statement fails with; of several failures the one that came first, since in
 * a transaction it is the reason for the others.
 */
export async function runHandlers(
  tx: Transaction<unknown>,
  calls: Iterable<HandlerCall>,
  { onEvent, send }: HandlerRun,
): Promise<void> {
  const sent: { readonly event: RecordedEvent | undefined; readonly answer: Promise<unknown> }[] = [];
  let failed: { readonly event: RecordedEvent | undefined; readonly error: unknown } | undefined;
  for (const { event, result } of calls) {
    if (event !== undefined) onEvent(event);
    try {
      const returned = result();
      for (const statement of statementsOf(isPromise(returned) ? await returned : returned)) {
        const answer = send(statement.compile(tx));
        answer.catch(() => {}); // thrown below
        sent.push({ event, answer });
      }
    } catch (error) {
      failed = { event, error };
      break;
    }
  }
  for (const { event, answer } of sent) {
    if (event !== undefined) onEvent(event);
    await answer;
  }
  if (failed === undefined) return;
  if (failed.event !== undefined) onEvent(failed.event);
  throw failed.error;
}

function isPromise(result: HandlerResult | undefined): result is Promise<unknown> {
  return typeof result === 'object' && 'then' in result;
}

/** An awaited handler may hand out statements as well; rows and results are none. */
function statementsOf(result: unknown): readonly HandlerStatement[] {
  if (Array.isArray(result)) return result.filter(isStatement);
  return isStatement(result) ? [result] : [];
}

function isStatement(value: unknown): value is HandlerStatement {
  return (
    typeof value === 'object' && value !== null && 'compile' in value && typeof value.compile === 'function'
  );
}
