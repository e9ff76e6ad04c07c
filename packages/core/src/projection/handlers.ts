import type { CompiledQuery, QueryExecutorProvider, Transaction } from 'kysely';
import type { RecordedEvent } from '../event/event.ts';

/** A statement that was built by kysely and not executed: a query builder, or the result of its `sql` tag. */
export interface HandlerStatement {
  compile(provider: QueryExecutorProvider): CompiledQuery<unknown>;
}

/**
 * The result of a handler: a promise when it executed its statements itself, or statements to execute. Those are sent
 * in their order, without waiting for the result of each, when the connection supports that.
 */
export type HandlerResult = Promise<unknown> | HandlerStatement | readonly HandlerStatement[];

/** The runner's part in running handlers. */
export interface HandlerRun {
  /** Called with each event before its handler runs, and again before an error of that event is thrown. */
  readonly onEvent: (event: RecordedEvent) => void;
  /** Sends a statement after all statements sent before. Resolves with the database's result. */
  readonly send: (query: CompiledQuery<unknown>) => Promise<unknown>;
}

/** One call of a handler, with one event or with several. */
export interface HandlerCall {
  /** The event to report when the call fails; undefined for a call with several events. */
  readonly event: RecordedEvent | undefined;
  readonly result: () => HandlerResult | undefined;
}

/**
 * Makes the calls in order, and waits for the results of all their statements.
 *
 * @throws the first error of a handler or a statement. In a transaction, later errors are its consequences.
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

/** @internal The statements that a handler returned, or its promise resolved with. Other results, such as rows, are ignored. */
export function statementsOf(result: unknown): readonly HandlerStatement[] {
  if (Array.isArray(result)) return result.filter(isStatement);
  return isStatement(result) ? [result] : [];
}

function isStatement(value: unknown): value is HandlerStatement {
  return (
    typeof value === 'object' && value !== null && 'compile' in value && typeof value.compile === 'function'
  );
}
