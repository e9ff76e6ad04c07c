/** Longest failure message that is stored, in characters. */
const MAX_MESSAGE_LENGTH = 2_000;

/** As much of a message as is stored. Postgres text cannot hold NUL, nor JSON for Postgres a half of a surrogate pair. */
export function storableMessage(message: string): string {
  // Cut first: replacing in a long text takes seconds.
  return message.slice(0, MAX_MESSAGE_LENGTH).replaceAll('\u0000', '').toWellFormed();
}
