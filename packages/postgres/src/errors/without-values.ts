import { EVENT_TOO_LARGE } from './event-too-large.ts';

/** What is read and changed of an error of pg. */
interface ServerError extends Error {
  code: string;
  detail?: unknown;
  where?: unknown;
  hint?: unknown;
  internalQuery?: unknown;
}

/** Fields in which the server repeats values of rows and parameters, or the text of a statement. */
const fieldsWithValues = ['detail', 'where', 'hint', 'internalQuery'] as const;

/**
 * Failures whose message repeats a value, or a part of the statement's text. Its words cannot be told apart from the
 * value: they are in the language of the server.
 */
const messagesWithValues: Readonly<Record<string, string>> = {
  '22': 'the database refused a value',
  '42601': 'the SQL has a syntax error',
};

/**
 * Takes the values out of what pg threw, so that no row, parameter or event data reaches a log. Code, constraint, table
 * and column stay, and the message where it has names only.
 *
 * It changes the error itself, which keeps its class and its stack.
 */
export function withoutValues(thrown: unknown): unknown {
  if (!isServerError(thrown)) return thrown;
  // The detail of an event that is too large is its stream and two sizes.
  for (const field of fieldsWithValues)
    if (thrown[field] !== undefined && !(field === 'detail' && thrown.code === EVENT_TOO_LARGE))
      thrown[field] = undefined;
  const { code, message, stack } = thrown;
  const words = messagesWithValues[code] ?? messagesWithValues[code.slice(0, 2)];
  if (words === undefined) return thrown;
  thrown.message = `${words} (SQLSTATE ${code})`;
  if (stack !== undefined) thrown.stack = stack.replace(message, () => thrown.message);
  return thrown;
}

/** Errors of the server have a severity; those of a socket do not. */
function isServerError(thrown: unknown): thrown is ServerError {
  return (
    thrown instanceof Error && 'severity' in thrown && 'code' in thrown && typeof thrown.code === 'string'
  );
}
