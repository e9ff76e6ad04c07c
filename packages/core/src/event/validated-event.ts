import type { NewEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';

/**
 * An event whose data its own schema let through, so that the append need not parse it a second time.
 *
 * A copy with other data is no longer one: the mark is private and goes with the object, not with its fields.
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
    this.schemaVersion = definition.schemaVersion;
    this.data = data;
    if (options?.id !== undefined) this.id = options.id;
    if (options?.tags !== undefined) this.tags = options.tags;
    if (options?.metadata !== undefined) this.metadata = options.metadata;
    this.#definition = definition;
    this.#parsed = data;
  }

  /** True when this very definition parsed this very data. */
  static isOf(definition: EventDefinition, event: NewEvent): boolean {
    return #parsed in event && event.#definition === definition && event.#parsed === event.data;
  }
}
