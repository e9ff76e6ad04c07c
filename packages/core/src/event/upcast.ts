import { z } from 'zod';
import {
  InvalidEventError,
  type SchemaIssue,
  toSchemaIssues,
  UnknownEventError,
} from '../errors/definition-errors.ts';
import { parseWith } from '../input/parse-with.ts';
import type { ReadFrom } from './event.ts';
import type { EventDefinition } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import { parsePayload } from './parse-payload.ts';
import type { RetiredDefinition, UpcastEvent } from './retired-events.ts';

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

/** A payload as reads return it. */
export interface ReadPayload extends UpcastPayload {
  readonly type: string;
  /** Given when the stored type is retired. */
  readonly readFrom?: ReadFrom | undefined;
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
    throw toInvalidEvent(stored, cause, `the upcast from version ${version} threw`);
  }
  return { schemaVersion, data };
}

/**
 * Turns a payload of a retired type into the events that it is read as, in their order.
 *
 * @throws UnknownEventError when the schema version is newer than the newest here.
 * @throws InvalidEventError when the upcast throws, or its result has other events than it declares, or their data does
 * not match the newest schema.
 */
export function upcastRetired(
  definition: RetiredDefinition,
  stored: StoredPayload,
  validate = false,
): readonly ReadPayload[] {
  const { type, schemaVersion, position } = stored;
  const { data } = upcast(definition, stored, validate);
  let returned: unknown;
  try {
    returned = definition.toEvents(data);
  } catch (cause) {
    throw toInvalidEvent(stored, cause, 'the upcast threw');
  }
  const events: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  // Not map, which leaves out elements that a list does not have.
  return Array.from(events, (event, index) => {
    const target = isUpcastEvent(event) ? definition.targets.get(event.name) : undefined;
    if (target === undefined || !isUpcastEvent(event))
      throw new InvalidEventError(type, schemaVersion, [notDeclared(definition)], { position });
    const parsed = parseWith(`event "${target.type}"`, target.schema, event.data);
    if (!parsed.success) {
      const issues = parsed.issues.map((issue) => ({
        ...issue,
        message: `${issue.message} (read as "${target.type}")`,
      }));
      throw new InvalidEventError(type, schemaVersion, issues, { position });
    }
    const readFrom = { type, schemaVersion, index, count: events.length };
    return { type: target.type, schemaVersion: target.schemaVersion, data: parsed.data, readFrom };
  });
}

function isUpcastEvent(event: unknown): event is UpcastEvent {
  return typeof event === 'object' && event !== null && 'name' in event && typeof event.name === 'string';
}

function notDeclared({ targets }: RetiredDefinition): SchemaIssue {
  const names = [...targets.keys()].map((name) => `to.${name}(data)`).join(' and ');
  const message = `the upcast returned other things than ${names === '' ? 'no events' : `events made by ${names}`}`;
  return { path: '', code: 'upcast', message };
}

function toInvalidEvent(
  { type, schemaVersion, position }: StoredPayload,
  cause: unknown,
  message: string,
): InvalidEventError {
  if (cause instanceof InvalidEventError) return cause;
  // A step that parses: zod's own error repeats names of the data.
  if (cause instanceof z.ZodError)
    return new InvalidEventError(type, schemaVersion, toSchemaIssues(cause), { position });
  return new InvalidEventError(type, schemaVersion, [{ path: '', code: 'upcast', message }], {
    cause,
    position,
  });
}
