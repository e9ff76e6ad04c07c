import {
  type EventMetadata,
  InvalidCommandError,
  type MetadataSchema,
  type RecordedEvent,
} from '@leftfold/core';
import { ownInput, parseWith, reading } from '@leftfold/core/input';

/** Standard metadata of a command, beside the application's own fields. Copied to every event of the command. */
export interface CommandMetadata {
  /** Shared by everything that follows from one first command. @default that of `causedBy`, else the command id */
  readonly correlationId?: string | undefined;
  /** Id of the event or command that directly caused this one. @default the id of `causedBy`, else the command id */
  readonly causationId?: string | undefined;
  /** The user or service that issued the command. */
  readonly actor?: string | undefined;
  /** W3C Trace Context, `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined;
}

/** Fields with a meaning to the framework. */
const standardFields = new Set([
  'correlationId',
  'causationId',
  'actor',
  'traceparent',
  'commandId',
  'command',
  'commandFingerprint',
]);

/**
 * The complete metadata of a command.
 *
 * @param cause the event that caused this command, which joins the event's correlation
 */
export function metadataOf(
  name: string,
  commandId: string,
  given: EventMetadata | undefined,
  cause: RecordedEvent | undefined,
): EventMetadata {
  return {
    ...ownInput(
      name,
      'metadata',
      reading('metadata', () => ({ ...given })),
    ),
    correlationId:
      given?.correlationId ?? (cause === undefined ? commandId : (cause.metadata.correlationId ?? cause.id)),
    causationId: given?.causationId ?? cause?.id ?? commandId,
    commandId,
    command: name,
  };
}

/**
 * Validates the application's own fields.
 *
 * @returns the metadata with these fields as the schema outputs them
 * @throws InvalidCommandError when they do not match the schema
 */
export function checkCustomMetadata(
  schema: MetadataSchema | undefined,
  name: string,
  metadata: EventMetadata,
): EventMetadata {
  if (schema === undefined) return metadata;
  const entries = Object.entries(metadata);
  const standard = entries.filter(([field]) => standardFields.has(field));
  const own = entries.filter(([field]) => !standardFields.has(field));
  const parsed = parseWith('metadata', schema, Object.fromEntries(own));
  if (parsed.success) return { ...parsed.data, ...Object.fromEntries(standard) };
  throw new InvalidCommandError(
    name,
    parsed.issues.map((issue) => ({
      ...issue,
      path: issue.path === '' ? 'metadata' : `metadata.${issue.path}`,
    })),
  );
}
