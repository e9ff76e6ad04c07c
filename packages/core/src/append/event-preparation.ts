import { z } from 'zod';
import { AppendTooLargeError } from '../errors/append-errors.ts';
import { InvalidNameError, METADATA_OF } from '../errors/definition-errors.ts';
import type { EventCatalog } from '../event/event-catalog.ts';
import type { NewEvent } from '../event/event.ts';
import { ValidatedEvent } from '../event/validated-event.ts';
import { assertNoOwnId } from '../event/own-id.ts';
import { NO_TAGS } from '../event/tagged-shape.ts';
import { assertList, assertPlainObject } from '../input/assert-argument.ts';
import { assertEvent } from '../input/assert-definition.ts';
import { reading } from '../input/reading.ts';
import type { JsonValue } from '../event/json.ts';
import type { EventMetadata } from '../event/metadata.ts';
import { copyJson } from '../json/copy-json.ts';
import { asOwnJson, assertStorable, ownToJson } from '../json/storable-json.ts';
import { assertId, MAX_ID_LENGTH } from '../naming/names.ts';
import { uuidv7 } from '../naming/uuid-v7.ts';
import type { AppendContext } from '../store/event-store.ts';
import { MAX_TAGS } from './append-limits.ts';
import type { PreparedEvent } from './append-request.ts';
import type { AppendSize } from './append-size.ts';

/** Metadata that only the executor of a command sets. */
const commandFields = ['commandId', 'command', 'commandFingerprint', 'correlationId', 'causationId'];

/** The names that metadata has in every application; those of its own fields may be content. */
const declaredFields = z.looseObject(
  Object.fromEntries([...commandFields, 'actor', 'traceparent'].map((field) => [field, z.string()])),
);

const NO_METADATA: EventMetadata = Object.freeze({});

/** Validates the events of one append, in their order. */
export class EventPreparation {
  readonly #catalog: EventCatalog;
  readonly #now: number;
  readonly #size: AppendSize;
  readonly #commandId: string | undefined;
  /** Metadata of the append: that of all events without metadata of their own. */
  readonly #metadata: EventMetadata = NO_METADATA;
  readonly #metadataJson: string = '{}';
  #count = 0;

  /** @throws InvalidArgumentError, InvalidEventError when the append's metadata is no plain object, or cannot be stored. */
  constructor(catalog: EventCatalog, now: number, size: AppendSize, { commandId, metadata }: AppendContext) {
    this.#catalog = catalog;
    this.#now = now;
    this.#size = size;
    this.#commandId = commandId;
    assertPlainObject('metadata', metadata);
    if (metadata === undefined && commandId === undefined) return;
    const given = reading('metadata', () => ({ ...metadata, ...(commandId !== undefined && { commandId }) }));
    this.#metadata = asOwnJson(metadataOf('append'), 1, given, declaredFields);
    this.#metadataJson = ownToJson(metadataOf('append'), 1, this.#metadata, declaredFields);
    assertStorable(metadataOf('append'), 1, this.#metadata, this.#metadataJson, declaredFields);
    size.addShared(this.#metadataJson);
  }

  /** @throws InvalidNameError, InvalidArgumentError, UnknownEventError, InvalidEventError, AppendTooLargeError */
  prepare(streamId: string, given: NewEvent): PreparedEvent {
    assertEvent('events', given);
    const event = readOnce(given);
    assertPlainObject('metadata', event.metadata);
    this.#count += 1;
    const { type, schemaVersion } = event;
    this.#catalog.assertBelongs(streamId, event);
    const givenTags = checkedTags(streamId, event);
    const data = this.#catalog.payloadOf(event);
    const tags = allTags(streamId, type, givenTags, this.#catalog.tagsOf(event, data));
    const schema = this.#catalog.schemaOf(type);
    const dataJson = ownToJson(type, schemaVersion, data, schema);
    const own = event.metadata === undefined ? undefined : this.#ownMetadata(type, event.metadata);
    const metadataJson =
      own === undefined ? this.#metadataJson : ownToJson(metadataOf(type), 1, own, declaredFields);
    this.#size.add(streamId, { type, dataJson, metadataJson, hasOwnMetadata: own !== undefined, tags });
    assertStorable(type, schemaVersion, data, dataJson, schema);
    if (own !== undefined) assertStorable(metadataOf(type), 1, own, metadataJson, declaredFields);
    const metadata = own ?? this.#metadata;
    // A copy that is not frozen: it is the caller's, as what reads return.
    const read = this.#catalog.readPayloadOf(event, copyJson(data));
    return { id: this.#idOf(event), type, schemaVersion, dataJson, read, metadata, metadataJson, tags };
  }

  #ownMetadata(type: string, own: EventMetadata): EventMetadata {
    return asOwnJson(metadataOf(type), 1, this.#joined(own), declaredFields);
  }

  /**
   * An event's own fields win, except for the command id, which finds the events of a repeated command, and for those that
   * the executor of a command sets.
   */
  #joined(own: EventMetadata): Record<string, JsonValue | undefined> {
    const joined = reading(
      'metadata',
      (): Record<string, JsonValue | undefined> => ({
        ...this.#metadata,
        ...own,
      }),
    );
    if (this.#commandId === undefined) return joined;
    if (this.#metadata['command'] === undefined) return { ...joined, commandId: this.#commandId };
    for (const field of commandFields) {
      const ofAppend = this.#metadata[field];
      if (ofAppend === undefined) delete joined[field];
      else joined[field] = ofAppend;
    }
    return joined;
  }

  #idOf({ id, type }: NewEvent): string {
    if (id !== undefined) {
      assertId('event id', id);
      if (this.#commandId !== undefined) assertNoOwnId({ id, type });
      return id;
    }
    if (this.#commandId === undefined) return uuidv7(this.#now);
    const made = `${this.#commandId}:${this.#count}`;
    if (made.length > MAX_ID_LENGTH)
      throw new InvalidNameError(
        'command id',
        this.#commandId,
        `is too long: with ":" and the number of an event it has ${made.length} characters, and at most ${MAX_ID_LENGTH} are allowed`,
      );
    return made;
  }
}

/** Each field is read once, so that what was checked is what is stored, also when a getter or a proxy gives it. */
function readOnce(event: NewEvent): NewEvent {
  if (ValidatedEvent.is(event)) return event;
  const { type, schemaVersion, data, id, tags, metadata } = event;
  return { type, schemaVersion, data, id, tags, metadata };
}

function metadataOf(owner: string): string {
  return `${METADATA_OF}${owner}`;
}

/** The tags that the event was given. */
function checkedTags(streamId: string, { type, tags = NO_TAGS }: NewEvent): readonly string[] {
  assertList('tags', tags);
  const length = reading('tags', () => tags.length);
  assertTagCount(streamId, type, length);
  if (length === 0) return NO_TAGS;
  // A copy, since the caller may change the list before the append is sent.
  const own = reading('tags', () => Array.from({ length }, (_, index) => tags[index]!));
  for (const tag of own) assertId('tag', tag);
  return own;
}

/**
 * Those that are declared, then those that were given, each once.
 *
 * @returns a list that is frozen, since the append's results share it
 */
function allTags(
  streamId: string,
  type: string,
  given: readonly string[],
  declared: readonly string[],
): readonly string[] {
  const tags = declared.length === 0 ? given : [...new Set([...declared, ...given])];
  assertTagCount(streamId, type, tags.length);
  return Object.freeze(tags);
}

function assertTagCount(streamId: string, type: string, count: number): void {
  if (count <= MAX_TAGS) return;
  const fix = 'give it fewer, or make several events of it';
  throw new AppendTooLargeError(streamId, `number of tags of event "${type}"`, count, MAX_TAGS, { fix });
}
