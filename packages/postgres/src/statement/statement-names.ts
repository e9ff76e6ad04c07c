import { createHash } from 'node:crypto';

/** How often a text must have come before it is worth preparing. */
const WORTH_PREPARING = 5;
/** Texts that are counted, and so the most that each connection keeps prepared. */
const MAX_TEXTS = 500;

/**
 * Names for statements that come again and again, such as those of a projection's handlers: a named one is parsed and
 * planned once for each connection.
 *
 * Bounded: texts that come later than the first few hundred stay without a name.
 */
export class StatementNames {
  readonly #timesByText = new Map<string, number>();
  readonly #nameByText = new Map<string, string>();
  #renewals = 0;

  /** @returns undefined for a text that is not prepared */
  nameOf(text: string): string | undefined {
    const name = this.#nameByText.get(text);
    if (name !== undefined) return name;
    const times = (this.#timesByText.get(text) ?? 0) + 1;
    if (times < WORTH_PREPARING) {
      if (times > 1 || this.#timesByText.size < MAX_TEXTS) this.#timesByText.set(text, times);
      return undefined;
    }
    const made = nameFor(text, 0);
    this.#nameByText.set(text, made);
    return made;
  }

  /** Gives a text another name: what was prepared under the old one no longer fits its tables, on any connection. */
  renew(text: string): void {
    if (!this.#nameByText.has(text)) return;
    this.#renewals += 1;
    this.#nameByText.set(text, nameFor(text, this.#renewals));
  }
}

/** Of the text, since several stores may share a pool: one name never stands for two texts. */
function nameFor(text: string, renewal: number): string {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 32);
  return renewal === 0 ? `leftfold ${hash}` : `leftfold ${hash} ${renewal}`;
}
