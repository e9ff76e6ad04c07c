import type { NewEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';

/**
 * An event whose data was parsed by its schema, so that the append does not parse it again. Its data is frozen at all levels.
 *
 * A copy is not a validated event: the mark is a private field, which a copy does not have.
 */
export class ValidatedEvent implements NewEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  declare readonly id?: string | undefined;
  declare readonly tags?: readonly string[] | undefined;
  declare readonly metadata?: EventMetadata | undefined;
  readonly #definition: EventDefinition;
  readonly #parsed: JsonValue;

  constructor(definition: EventDefinition, data: JsonValue, options: EventOptions | undefined) {
    this.type = definition.type;
    this.schemaVersion = definition.written.schemaVersion;
    this.data = data;
    if (options?.id !== undefined) this.id = options.id;
    if (options?.tags !== undefined) this.tags = options.tags;
    if (options?.metadata !== undefined) this.metadata = options.metadata;
    this.#definition = definition;
    this.#parsed = data;
  }

  /** True for an event from a creator: its fields are read as they are. */
  static is(event: NewEvent): event is ValidatedEvent {
    return #parsed in event;
  }

  /** True when this definition parsed exactly this data. */
  static isOf(definition: EventDefinition, event: NewEvent): boolean {
    return #parsed in event && event.#definition === definition && event.#parsed === event.data;
  }
}
