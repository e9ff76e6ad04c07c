/** The code of an error of pg, of a socket, or of nothing that is known: an empty text. */
export function codeOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
}
