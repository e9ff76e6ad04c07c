/** Longest failure message that is stored, in characters. */
const MAX_MESSAGE_LENGTH = 2_000;

/** As much of a message as is stored. Postgres text cannot hold NUL. */
export function storableMessage(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH).replaceAll('\u0000', '');
}
