import { DuplicateDefinitionError, UnknownEventError } from '../errors/definition-errors.ts';
import { assertEach, assertEventGroup } from '../input/assert-definition.ts';
import { asStoredData } from '../json/storable-json.ts';
import { type AnyEventGroup, parsePayload } from './define-events.ts';
import type { EventDefinition } from './event-definition.ts';
import type { NewEvent } from './event.ts';
import type { JsonValue } from './json.ts';
import type { EventSchema } from './schema-versions.ts';
import { type StoredPayload, upcast, type UpcastPayload } from './upcast.ts';
import { ValidatedEvent } from './validated-event.ts';

/** The event types that a store knows. Validates events that are written, and upcasts events that are read. */
export class EventCatalog {
  readonly #byType = new Map<string, EventDefinition>();

  /**
   * @param groups a group may be given twice, since aggregates may share one
   * @throws InvalidArgumentError when one is none.
   * @throws DuplicateDefinitionError when two different definitions have the same event type.
   */
  constructor(groups: readonly AnyEventGroup[]) {
    assertEach('events', groups, assertEventGroup);
    for (const definition of new Set(groups.flatMap((group) => group.definitions))) {
      if (this.#byType.has(definition.type)) throw new DuplicateDefinitionError('event', definition.type);
      this.#byType.set(definition.type, definition);
    }
  }

  /** True when the event type has a definition. */
  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /**
   * The payload to store: the event's data, parsed unless its creator has parsed it.
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
    return ValidatedEvent.isOf(definition, event)
      ? event.data
      : parsePayload(event.type, written, event.data);
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
   * Turns a stored payload into the newest version, as {@link upcast} does.
   *
   * @throws UnknownEventError when the type has no definition, or the stored schema version is newer than the newest
   * here.
   * @throws InvalidEventError when a step throws, or its result does not match the next schema.
   */
  upcast(stored: StoredPayload, validate = false): UpcastPayload {
    return upcast(this.#definitionOf(stored.type, stored), stored, validate);
  }

  /** @param place of the event, when it was read from the log */
  #definitionOf(type: string, place?: StoredPayload): EventDefinition {
    const definition = this.#byType.get(type);
    if (definition === undefined) throw new UnknownEventError(type, place);
    return definition;
  }
}
