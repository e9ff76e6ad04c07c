import { type AnyEventGroup, EventCatalog, InvalidMessageError, UnknownEventError } from '@leftfold/core';
import { storedKey } from '@leftfold/subscriptions';
import { type CloudEvent, parseCloudEvent } from '../envelope/parse-cloud-event.ts';
import type { MessageContent, MessageIdentity } from '../sql/inbox/inbox-rows.ts';
import type { ConsumedMessage } from './consumed-message.ts';

/** A message that can be placed: it has a source that is taken, a key and a sequence. */
export interface PlacedMessage extends MessageIdentity, MessageContent {
  readonly event: CloudEvent;
}

/** Reads messages by the published language. */
export class MessageReader {
  readonly #of: string;
  readonly #catalog: EventCatalog;
  readonly #sources: ReadonlySet<string>;

  /** @param of the consumer, for errors */
  constructor(groups: readonly AnyEventGroup[], sources: ReadonlySet<string>, of: string) {
    this.#of = of;
    this.#catalog = new EventCatalog(groups, of);
    this.#sources = sources;
  }

  /** The types that it reads. */
  get types(): readonly string[] {
    return this.#catalog.definitions.map(({ type }) => type);
  }

  /** @throws InvalidMessageError when it is no message of a relay, or one of another source */
  place(content: MessageContent): PlacedMessage {
    const placed = this.#parse(content);
    if (!this.#sources.has(placed.source))
      throw new InvalidMessageError(
        'attribute "source" names none of the sources of the consumer; if it is right, add it to the option `sources`',
      );
    return placed;
  }

  /** Like {@link place}, and returns what that throws. */
  tryToPlace(content: MessageContent): PlacedMessage | InvalidMessageError {
    return tried(() => this.place(content));
  }

  /**
   * Of a message that was set aside, whatever the sources are now.
   *
   * @returns an error when it is no message of a relay: another program has set it aside
   */
  tryToPlaceStored(content: MessageContent): PlacedMessage | InvalidMessageError {
    return tried(() => this.#parse(content));
  }

  #parse(content: MessageContent): PlacedMessage {
    const event = parseCloudEvent(content);
    const { source, key, sequence, id, previous, lineage } = event;
    const { attributes, body, contentType } = content;
    return {
      attributes,
      body,
      contentType,
      source,
      key: storedKey(key),
      sequence,
      id,
      previous,
      lineage,
      event,
    };
  }

  /**
   * The messages that handlers get: one, or those that a message of a retired type is read as.
   *
   * @param takes whether a handler takes messages of a type: data that none takes is not looked at
   * @throws UnknownEventError for a type, or a version of it, that the consumer does not know
   * @throws InvalidEventError when the data does not match its schema, or cannot be upcast
   * @throws InvalidMessageError when the data is no JSON
   */
  read({ event }: PlacedMessage, takes: (type: string) => boolean): readonly ConsumedMessage[] {
    const { type, schemaVersion, id, source, key, sequence, attributes } = event;
    if (!this.#catalog.reads(type)) {
      const fix = 'add it to the messages of the consumer and deploy that: then its key goes on by itself';
      throw new UnknownEventError(type, { schemaVersion, of: this.#of, fix });
    }
    const types = this.#catalog.targetsOf(type) ?? [type];
    if (!types.some(takes)) return [];
    const data = event.readData();
    const time = toTime(attributes['time']);
    return this.#catalog
      .read({ type, schemaVersion, data }, true)
      .map((read) => ({
        type: read.type,
        schemaVersion: read.schemaVersion,
        data: read.data,
        id,
        source,
        key,
        sequence,
        time,
        attributes,
      }))
      .filter((message) => takes(message.type));
  }
}

function tried(place: () => PlacedMessage): PlacedMessage | InvalidMessageError {
  try {
    return place();
  } catch (error) {
    if (error instanceof InvalidMessageError) return error;
    throw error;
  }
}

function toTime(text: string | undefined): Date | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
