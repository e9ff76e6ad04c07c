/** The source text of a function, also of one that is behind a proxy, and whatever `toString` it has. */
export function sourceOf(code: unknown): string {
  return typeof code === 'function' ? Function.prototype.toString.call(code) : String(code);
}
