import type { MessageIdentity } from '../sql/inbox/inbox-rows.ts';

/** Most keys that are remembered. */
const MAX_KEYS = 10_000;

/**
 * The last message of each key that this process has applied, so that most messages are known to be the next one before
 * the inbox is asked. The inbox decides: what is remembered here may be old.
 */
export class LastApplied {
  readonly #sequenceOf = new Map<string, string>();

  isNext({ source, key, previous }: MessageIdentity): boolean {
    return previous !== undefined && this.#sequenceOf.get(placeOf({ source, key })) === previous;
  }

  applied({ source, key, sequence }: MessageIdentity): void {
    const place = placeOf({ source, key });
    this.#sequenceOf.delete(place);
    this.#sequenceOf.set(place, sequence);
    if (this.#sequenceOf.size <= MAX_KEYS) return;
    for (const oldest of this.#sequenceOf.keys()) {
      this.#sequenceOf.delete(oldest);
      return;
    }
  }
}

/** A source and a key as one text. */
export function placeOf({ source, key }: Pick<MessageIdentity, 'source' | 'key'>): string {
  return `${source}\n${key}`;
}
