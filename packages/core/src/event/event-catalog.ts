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

/** The event types that a store knows. Validates events that are written, and upcasts events that are read. */
export class EventCatalog {
  readonly #byType = new Map<string, EventDefinition>();

  /**
   * @param groups a group may be given twice, since aggregates may share one
   * @throws DuplicateDefinitionError when two different definitions have the same event type.
   */
  constructor(groups: readonly AnyEventGroup[]) {
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
   * @throws UnknownEventError when the type has no definition, or the event has another schema version than the newest.
   * @throws InvalidEventError when the data does not match the schema.
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
   * Turns a stored payload into the newest version.
   *
   * Data of the newest version is returned as stored, unless `validate` is set. Older data goes through each step, and
   * each step's result is parsed by the next schema. O(1), or one parse for each version in between.
   *
   * @throws UnknownEventError when the type has no definition, or the stored schema version is newer than the newest
   * here.
   * @throws InvalidEventError when a step throws, or its result does not match the next schema.
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
      const { type, position } = stored;
      // zod's own error repeats names of the data.
      if (cause instanceof z.ZodError)
        throw new InvalidEventError(type, stored.schemaVersion, toSchemaIssues(cause), { position });
      throw new InvalidEventError(type, stored.schemaVersion, [upcastThrew(version)], { cause, position });
    }
    return { schemaVersion, data };
  }
}

/** A payload as it is stored in the log. */
export interface StoredPayload {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  readonly position: number;
}

/** A payload after upcasting. */
export interface UpcastPayload {
  readonly schemaVersion: number;
  readonly data: JsonValue;
}

function upcastThrew(schemaVersion: number): SchemaIssue {
  return { path: '', code: 'upcast', message: `the upcast from version ${schemaVersion} threw` };
}
