import { z } from 'zod';
import {
  DuplicateDefinitionError,
  InvalidEventError,
  toSchemaIssues,
  type SchemaIssue,
  UnknownEventError,
} from '../errors/definition-errors.ts';
import { type AnyEventGroup, parsePayload } from './define-events.ts';
import type { EventDefinition } from './event-definition.ts';
import type { NewEvent } from './event.ts';
import type { JsonValue } from './json.ts';
import { ValidatedEvent } from './validated-event.ts';

/** Every event type that a store knows: checks what is written, upcasts what is read. */
export class EventCatalog {
  readonly #byType = new Map<string, EventDefinition>();

  /**
   * @param groups the same group may be given twice, as two aggregates may share one.
   * @throws DuplicateDefinitionError when two different definitions claim one event type.
   */
  constructor(groups: readonly AnyEventGroup[]) {
    for (const definition of new Set(groups.flatMap((group) => group.definitions))) {
      if (this.#byType.has(definition.type)) throw new DuplicateDefinitionError('event', definition.type);
      this.#byType.set(definition.type, definition);
    }
  }

  /** True when a definition of this event type was given. */
  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /**
   * The payload to store: `data` as it is when its own creator made the event, parsed otherwise.
   *
   * @throws UnknownEventError when no definition knows the type, or the event was made under another schema version.
   * @throws InvalidEventError when the data does not fit.
   */
  payloadOf(event: NewEvent): JsonValue {
    const definition = this.#byType.get(event.type);
    if (definition === undefined) throw new UnknownEventError(event.type);
    if (event.schemaVersion !== definition.schemaVersion) {
      const { schemaVersion } = event;
      throw new UnknownEventError(event.type, { schemaVersion, newest: definition.schemaVersion });
    }
    return ValidatedEvent.isOf(definition, event) ? event.data : parsePayload(definition, event.data);
  }

  /**
   * A stored payload in its newest shape.
   *
   * Data of the newest version is handed out as stored, unless `validate` is set; older data goes through each
   * step, and each step's result through its schema. O(1), or one parse for each version in between.
   *
   * @throws UnknownEventError when the type is unknown, or was stored under a newer schema version than is known.
   * @throws InvalidEventError when what a step puts out does not fit the next schema, or a step throws.
   */
  upcast(stored: StoredPayload, validate = false): UpcastPayload {
    const definition = this.#byType.get(stored.type);
    if (definition === undefined) throw new UnknownEventError(stored.type, stored);
    const { schemaVersion, steps } = definition;
    if (stored.schemaVersion > schemaVersion) {
      throw new UnknownEventError(stored.type, { ...stored, newest: schemaVersion });
    }
    if (stored.schemaVersion === schemaVersion) {
      return {
        schemaVersion,
        data: validate ? parsePayload(definition, stored.data, stored.position) : stored.data,
      };
    }
    let data = stored.data;
    let version = stored.schemaVersion;
    try {
      for (; version < schemaVersion; version += 1) data = steps[version - 1]!(data);
    } catch (cause) {
      const issues = cause instanceof z.ZodError ? toSchemaIssues(cause) : [upcastThrew(version)];
      const { type, position } = stored;
      throw new InvalidEventError(type, stored.schemaVersion, issues, { cause, position });
    }
    return { schemaVersion, data };
  }
}

/** A payload as the log has it. */
export interface StoredPayload {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  readonly position: number;
}

/** A payload as readers get it. */
export interface UpcastPayload {
  readonly schemaVersion: number;
  readonly data: JsonValue;
}

function upcastThrew(schemaVersion: number): SchemaIssue {
  return { path: '', code: 'upcast', message: `the upcast from version ${schemaVersion} threw` };
}
