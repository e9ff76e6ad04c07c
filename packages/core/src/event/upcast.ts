import { z } from 'zod';
import {
  InvalidEventError,
  type SchemaIssue,
  toSchemaIssues,
  UnknownEventError,
} from '../errors/definition-errors.ts';
import { parseWith } from '../input/parse-with.ts';
import { parsePayload } from './define-events.ts';
import type { EventDefinition } from './event-definition.ts';
import type { JsonValue } from './json.ts';

/** A payload as it is stored in the log. */
export interface StoredPayload {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  /** Undefined for an event that is not in the log. */
  readonly position?: number | undefined;
}

/** A payload after upcasting. */
export interface UpcastPayload {
  readonly schemaVersion: number;
  readonly data: JsonValue;
}

/**
 * Turns a payload into the newest version.
 *
 * Data of the newest version is returned as it is, unless `validate` is set. Older data goes through each step, and
 * each step's result is parsed by the next schema. O(1), or one parse for each version in between.
 *
 * @param definition of the payload's type
 * @throws UnknownEventError when the schema version is newer than the newest here.
 * @throws InvalidEventError when a step throws, or its result does not match the next schema.
 */
export function upcast(definition: EventDefinition, stored: StoredPayload, validate = false): UpcastPayload {
  const { schemaVersion, steps } = definition;
  const { type, position } = stored;
  if (stored.schemaVersion > schemaVersion)
    throw new UnknownEventError(type, { ...stored, newest: schemaVersion });
  if (stored.schemaVersion === schemaVersion) {
    const data = validate ? parsePayload(type, definition, stored.data, position) : stored.data;
    return { schemaVersion, data };
  }
  let data = stored.data;
  let version = stored.schemaVersion;
  try {
    for (; version < schemaVersion; version += 1) {
      const { convert, schema } = steps[version - 1]!;
      const parsed = parseWith(`event "${type}"`, schema, convert(data));
      if (!parsed.success)
        throw new InvalidEventError(type, stored.schemaVersion, parsed.issues, { position });
      data = parsed.data;
    }
  } catch (cause) {
    if (cause instanceof InvalidEventError) throw cause;
    // A step that parses: zod's own error repeats names of the data.
    if (cause instanceof z.ZodError)
      throw new InvalidEventError(type, stored.schemaVersion, toSchemaIssues(cause), { position });
    throw new InvalidEventError(type, stored.schemaVersion, [upcastThrew(version)], { cause, position });
  }
  return { schemaVersion, data };
}

function upcastThrew(schemaVersion: number): SchemaIssue {
  return { path: '', code: 'upcast', message: `the upcast from version ${schemaVersion} threw` };
}
