import { AppendTooLargeError } from '../errors/append-errors.ts';
import { estimatedJsonSize } from '../json/estimated-size.ts';
import { utf8Length } from '../json/utf8-length.ts';
import { MAX_BYTES_PER_CHARACTER, maxStoredLength, storedLength } from '../json/stored-length.ts';
import type { AppendLimits } from './append-limits.ts';

/** What an event takes in memory beside its payload, its metadata and its tags, until its append has ended. */
const EVENT_MEMORY = 512;

/** What counts of an event. */
export interface SizedEvent {
  readonly type: string;
  readonly dataJson: string;
  readonly metadataJson: string;
  /** False when its metadata is that of the append, which all of its events share. */
  readonly hasOwnMetadata: boolean;
  readonly tags: readonly string[];
}

/**
 * Sums the sizes of an append's events, and throws at the first event that exceeds a limit.
 *
 * Limits are in bytes of JSON with numbers as the database gives them back, see {@link storedLength}, and of tags. An upper
 * bound of the JSON is below the limit for almost all events and appends; only for the others its bytes are counted.
 */
export class AppendSize {
  readonly #limits: AppendLimits;
  readonly #owner: string;
  /** Characters of all texts and tags so far. */
  characters = 0;
  /** Estimated bytes that the events so far take in memory, as text and as values. */
  memory = 0;
  /** Bytes of all texts and tags so far: an upper bound while `#texts` is defined, the exact number after that. */
  #bytes = 0;
  /** The texts so far; undefined once their bytes are counted, or when there is only one event. */
  #texts: string[] | undefined;
  /** Bytes of all tags so far. */
  #tagBytes = 0;

  /**
   * @param owner a stream of the append, for error messages about the whole append
   * @param single the append has one event
   */
  constructor(limits: AppendLimits, owner: string, single: boolean) {
    this.#limits = limits;
    this.#owner = owner;
    this.#texts = single ? undefined : [];
  }

  /** Metadata that events of the append share. */
  addShared(metadataJson: string): void {
    this.memory += estimatedJsonSize(metadataJson);
  }

  /** @throws AppendTooLargeError when the event exceeds its limit, or the append does with this event. */
  add(streamId: string, event: SizedEvent): void {
    const { type, dataJson, metadataJson, tags } = event;
    const { eventBytes, appendBytes } = this.#limits;
    const characters = dataJson.length + metadataJson.length;
    this.characters += characters + charactersOf(tags);
    this.memory += EVENT_MEMORY + estimatedJsonSize(dataJson) + memoryOf(tags);
    if (event.hasOwnMetadata) this.memory += estimatedJsonSize(metadataJson);
    const tagBytes = bytesOf(tags);
    let bytes = tagBytes + characters * MAX_BYTES_PER_CHARACTER;
    // The texts of a single event, which most appends have, are looked at only when it is large.
    if (this.#texts !== undefined || bytes > eventBytes)
      bytes = tagBytes + maxStoredLength(dataJson) + maxStoredLength(metadataJson);
    if (bytes > eventBytes || this.#bytes + bytes > appendBytes) {
      bytes = tagBytes + storedLength(dataJson) + storedLength(metadataJson);
      if (bytes > eventBytes)
        throw new AppendTooLargeError(streamId, `size of event "${type}" in bytes`, bytes, eventBytes);
    }
    this.#bytes += bytes;
    this.#tagBytes += tagBytes;
    this.#texts?.push(dataJson, metadataJson);
    if (this.#bytes <= appendBytes) return;
    if (this.#texts !== undefined) {
      this.#bytes = this.#texts.reduce((sum, text) => sum + storedLength(text), this.#tagBytes);
      this.#texts = undefined;
    }
    if (this.#bytes > appendBytes)
      throw new AppendTooLargeError(this.#owner, 'size of the append in bytes', this.#bytes, appendBytes);
  }
}

function charactersOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + utf8Length(text), 0);
}

/** Estimated bytes of a list of texts. */
export function memoryOf(texts: readonly string[]): number {
  let size = 0;
  for (const { length } of texts) size += 16 + length;
  return size;
}
