import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { DuplicateDefinitionError, UnknownEventError } from '../errors/definition-errors.ts';
import { shownId } from '../errors/shown.ts';
import { assertEach, assertEventGroup } from '../input/assert-definition.ts';
import { asOwnJson, asStoredData } from '../json/storable-json.ts';
import { categoryOf } from '../naming/stream-id.ts';
import type { AnyEventGroup } from './define-events.ts';
import type { EventDefinition } from './event-definition.ts';
import type { NewEvent } from './event.ts';
import type { JsonValue } from './json.ts';
import { parsePayload } from './parse-payload.ts';
import type { RetiredDefinition } from './retired-events.ts';
import type { EventQuery } from '../store/query.ts';
import type { RecordedEvent } from './event.ts';
import type { EventSchema } from './schema-versions.ts';
import { storedTypesOf } from './stored-types.ts';
import { NO_TAGS, tagsOfPayload } from './tagged-shape.ts';
import { type ReadPayload, type StoredPayload, upcast, type UpcastPayload, upcastRetired } from './upcast.ts';
import { ValidatedEvent } from './validated-event.ts';

/** The event types that a store knows. Validates events that are written, and upcasts events that are read. */
export class EventCatalog {
  readonly #groups: readonly AnyEventGroup[];
  readonly #of: string | undefined;
  readonly #byType = new Map<string, EventDefinition>();
  readonly #retired = new Map<string, RetiredDefinition>();
  readonly #categoryOfType = new Map<string, string>();
  readonly #categories: ReadonlySet<string>;

  /**
   * @param groups a group may be given twice, since aggregates may share one
   * @param of what the groups belong to, for error messages. @default the store
   * @throws InvalidArgumentError when one is none.
   * @throws DuplicateDefinitionError when two different definitions have the same event type.
   */
  constructor(groups: readonly AnyEventGroup[], of?: string) {
    assertEach('events', groups, assertEventGroup);
    this.#groups = groups;
    this.#of = of;
    this.#categories = new Set(groups.map(({ category }) => category));
    for (const { category, definitions } of groups)
      for (const { type } of definitions) this.#categoryOfType.set(type, category);
    for (const definition of new Set(groups.flatMap((group) => group.definitions)))
      this.#add(this.#byType, definition);
    for (const definition of new Set(groups.flatMap((group) => group.retired)))
      this.#add(this.#retired, definition);
  }

  #add<TDefinition extends EventDefinition>(to: Map<string, TDefinition>, definition: TDefinition): void {
    const { type } = definition;
    const retired = 'targets' in definition && this.has(type);
    if (this.reads(type)) throw new DuplicateDefinitionError('event', type, { retired });
    to.set(type, definition);
  }

  /** Those that are written and those that are retired. */
  get definitions(): readonly (EventDefinition | RetiredDefinition)[] {
    return [...this.#byType.values(), ...this.#retired.values()];
  }

  /** True when events of the type can be written, and asked for. */
  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /** True when stored events of the type can be read: also when it is retired. */
  reads(type: string): boolean {
    return this.#byType.has(type) || this.#retired.has(type);
  }

  /** The types of the retired events that stored events of this type are read as; undefined for a type that is not retired. */
  targetsOf(type: string): readonly string[] | undefined {
    const targets = this.#retired.get(type)?.targets.values();
    return targets === undefined ? undefined : [...targets].map((target) => target.type);
  }

  /** The query with the types under which the events that it asks for can be stored. */
  asStored<TQuery extends EventQuery>(query: TQuery): TQuery {
    if (query.types === undefined || this.#retired.size === 0) return query;
    return { ...query, types: storedTypesOf(this.#groups, query.types) };
  }

  /**
   * An aggregate cannot fold the events of another one: its stream could not be loaded any more. A stream of a category
   * that no definition has takes any event.
   *
   * @throws InvalidArgumentError when the stream belongs to another category than the event
   */
  assertBelongs(streamId: string, { type }: NewEvent): void {
    const own = this.#categoryOfType.get(type);
    const category = categoryOf(streamId);
    if (own === undefined || own === category || !this.#categories.has(category)) return;
    throw new InvalidArgumentError(
      'events',
      `of type "${type}" belong to streams of "${own}", and ${shownId(streamId)} is a stream of "${category}"; append them to a stream "${own}-<id>"`,
    );
  }

  /**
   * The payload to store: the event's data, parsed unless its creator has parsed it. Frozen, and shared with no caller.
   *
   * @throws UnknownEventError when the type has no definition, or the event has another schema version than is written.
   * @throws InvalidEventError when the data does not match the schema.
   */
  payloadOf(event: NewEvent): JsonValue {
    const definition = this.#definitionOf(event.type);
    const { written } = definition;
    if (event.schemaVersion !== written.schemaVersion) {
      const { schemaVersion } = event;
      throw new UnknownEventError(event.type, { schemaVersion, written: written.schemaVersion });
    }
    if (ValidatedEvent.isOf(definition, event)) return event.data;
    const parsed = parsePayload(event.type, written, event.data);
    return asOwnJson(event.type, written.schemaVersion, parsed, written.schema);
  }

  /** The tags that the event's definition declares for the data that {@link payloadOf} returned. */
  tagsOf({ type }: NewEvent, data: JsonValue): readonly string[] {
    const { tags } = this.#definitionOf(type);
    return tags === undefined ? NO_TAGS : tagsOfPayload(type, tags, data);
  }

  /**
   * True when an event that was read lacks a tag that its definition declares for its data. Its type may have got the tag later,
   * or another value of it. Never for a definition that writes an older schema version than it reads.
   */
  lacksTags({
    type,
    schemaVersion,
    data,
    tags,
  }: Pick<RecordedEvent, 'type' | 'schemaVersion' | 'data' | 'tags'>): boolean {
    const definition = this.#byType.get(type);
    if (definition?.tags === undefined || definition.written.schemaVersion !== schemaVersion) return false;
    return tagsOfPayload(type, definition.tags, data).some((tag) => !tags.includes(tag));
  }

  /** The schema version of new events of this type; undefined when none can be written. */
  writtenVersionOf(type: string): number | undefined {
    return this.#byType.get(type)?.written.schemaVersion;
  }

  /** The schema that new events of this type are parsed by. @throws UnknownEventError when it has no definition */
  schemaOf(type: string): EventSchema {
    return this.#definitionOf(type).written.schema;
  }

  /**
   * What reads return for an event that is to be appended.
   *
   * @param data what {@link payloadOf} returned
   * @throws InvalidEventError when the data cannot be upcast: once appended, the event could never be read.
   */
  readPayloadOf({ type }: NewEvent, data: JsonValue): UpcastPayload {
    const definition = this.#definitionOf(type);
    const { schemaVersion, schema } = definition.written;
    if (schemaVersion === definition.schemaVersion) return { schemaVersion, data };
    return upcast(definition, { type, schemaVersion, data: asStoredData(type, schemaVersion, data, schema) });
  }

  /**
   * What reads return for a stored payload, in order: one payload of the newest version, as {@link upcast} makes it, or
   * those that an event of a retired type is read as.
   *
   * @throws UnknownEventError when the type has no definition, or the stored schema version is newer than the newest
   * here.
   * @throws InvalidEventError when an upcast throws, or its result does not match the schema.
   */
  read(stored: StoredPayload, validate = false): readonly ReadPayload[] {
    const definition = this.#byType.get(stored.type);
    if (definition !== undefined) return [{ type: stored.type, ...upcast(definition, stored, validate) }];
    const retired = this.#retired.get(stored.type);
    if (retired === undefined) throw new UnknownEventError(stored.type, { ...stored, of: this.#of });
    return upcastRetired(retired, stored, validate);
  }

  #definitionOf(type: string): EventDefinition {
    const definition = this.#byType.get(type);
    if (definition === undefined)
      throw new UnknownEventError(type, { readAs: this.targetsOf(type), of: this.#of });
    return definition;
  }
}
