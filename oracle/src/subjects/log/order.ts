/** What this subject tells its processes. */
export type Order =
  /** Writers: finish what is under way, and end. */
  | { readonly kind: 'stop' }
  /** Readers: read up to this position, and end. */
  | { readonly kind: 'finish'; readonly target: number };
