import { AppendTooLargeError } from '../errors/append-errors.ts';
import type { AppendLimits } from './append-limits.ts';
import { MAX_BYTES_PER_CHARACTER, utf8Length } from '../json/utf8-length.ts';

/**
 * Adds up the sizes of an append's events, and refuses the first one that is too much.
 *
 * Limits are in bytes. A text of n characters has 3 n bytes at most, which decides for almost all events and appends;
 * bytes are counted only where it does not.
 */
export class AppendSize {
  readonly #limits: AppendLimits;
  readonly #owner: string;
  /** Characters of all data and metadata so far. */
  characters = 0;
  /** The bytes so far; as long as there are texts, at least those. */
  #bytes = 0;
  /** The texts so far; undefined once their bytes are counted. */
  #texts: string[] | undefined;

  /**
   * @param owner a stream of the append, for messages about the whole of it
   * @param single the append has one event
   */
  constructor(limits: AppendLimits, owner: string, single: boolean) {
    this.#limits = limits;
    this.#owner = owner;
    this.#texts = single ? undefined : [];
  }

  /** @throws AppendTooLargeError for an event, or with it the append, that has too many bytes. */
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
