import { AppendTooLargeError } from '../errors/append-errors.ts';
import type { AppendLimits } from './append-limits.ts';
import { MAX_BYTES_PER_CHARACTER, utf8Length } from '../json/utf8-length.ts';

/**
 * Sums the sizes of an append's events, and throws at the first event that exceeds a limit.
 *
 * Limits are in bytes. A text of n characters has at most 3 n bytes, which is below the limit for almost all events and
 * appends. Only for the others bytes are counted.
 */
export class AppendSize {
  readonly #limits: AppendLimits;
  readonly #owner: string;
  /** Characters of all texts so far. */
  characters = 0;
  /** Bytes of all texts so far: an upper bound while `#texts` is defined, the exact number after that. */
  #bytes = 0;
  /** The texts so far; undefined once their bytes are counted, or when there is only one event. */
  #texts: string[] | undefined;

  /**
   * @param owner a stream of the append, for error messages about the whole append
   * @param single the append has one event
   */
  constructor(limits: AppendLimits, owner: string, single: boolean) {
    this.#limits = limits;
    this.#owner = owner;
    this.#texts = single ? undefined : [];
  }

  /** @throws AppendTooLargeError when the event exceeds its limit, or the append does with this event. */
  add(streamId: string, type: string, dataJson: string, metadataJson: string): void {
    const { eventBytes, appendBytes } = this.#limits;
    const characters = dataJson.length + metadataJson.length;
    this.characters += characters;
    let bytes = characters * MAX_BYTES_PER_CHARACTER;
    if (bytes > eventBytes || this.#bytes + bytes > appendBytes) {
      bytes = utf8Length(dataJson) + utf8Length(metadataJson);
      if (bytes > eventBytes)
        throw new AppendTooLargeError(streamId, `size of event "${type}" in bytes`, bytes, eventBytes);
    }
    this.#bytes += bytes;
    this.#texts?.push(dataJson, metadataJson);
    if (this.#bytes <= appendBytes) return;
    if (this.#texts !== undefined) {
      this.#bytes = this.#texts.reduce((sum, text) => sum + utf8Length(text), 0);
      this.#texts = undefined;
    }
    if (this.#bytes > appendBytes)
      throw new AppendTooLargeError(this.#owner, 'size of the append in bytes', this.#bytes, appendBytes);
  }
}
