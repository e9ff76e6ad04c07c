import {
  type EventMetadata,
  InvalidCommandError,
  type JsonValue,
  type RecordedEvent,
  toSchemaIssues,
} from '@leftfold/core';
import type { z } from 'zod';

/** What a caller may say of a command beside the application's own fields; every event of the command gets it. */
export interface CommandMetadata {
  /** One id for everything that follows from one first cause. @default the cause's, else the command id */
  readonly correlationId?: string | undefined;
  /** The id of the event or command that directly led to this one. @default the cause's event id, else the command id */
  readonly causationId?: string | undefined;
  /** Who asks: a user, a service. */
  readonly actor?: string | undefined;
  /** W3C Trace Context, `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined;
}

/** The application's own metadata fields. */
export interface CustomMetadata {
  readonly [field: string]: JsonValue | undefined;
}

/** A zod object schema of the application's own metadata fields. */
export type MetadataSchema = z.ZodType<CustomMetadata, CustomMetadata>;

/** The fields that the framework gives a meaning. */
const standardFields = new Set([
  'correlationId',
  'causationId',
  'actor',
  'traceparent',
  'commandId',
  'command',
]);

/**
 * The metadata of a command: what the caller gave, and what follows from it.
 *
 * @param cause an event that this command is the answer to: it joins the event's correlation.
 */
export function metadataOf(
  name: string,
  commandId: string,
  given: EventMetadata | undefined,
  cause: RecordedEvent | undefined,
): EventMetadata {
  return {
    ...given,
    correlationId:
      given?.correlationId ?? (cause === undefined ? commandId : (cause.metadata.correlationId ?? cause.id)),
    causationId: given?.causationId ?? cause?.id ?? commandId,
    commandId,
    command: name,
  };
}

/**
 * Checks the application's own fields.
 *
 * @returns the metadata with those fields as the schema puts them out
 * @throws InvalidCommandError when they do not fit
 */
export function checkOwnMetadata(
  schema: MetadataSchema | undefined,
  name: string,
  metadata: EventMetadata,
): EventMetadata {
  if (schema === undefined) return metadata;
  const entries = Object.entries(metadata);
  const standard = entries.filter(([field]) => standardFields.has(field));
  const own = entries.filter(([field]) => !standardFields.has(field));
  const parsed = schema.safeParse(Object.fromEntries(own));
  if (parsed.success) return { ...parsed.data, ...Object.fromEntries(standard) };
  throw new InvalidCommandError(
    name,
    toSchemaIssues(parsed.error).map((issue) => ({
      ...issue,
      path: issue.path === '' ? 'metadata' : `metadata.${issue.path}`,
    })),
  );
}
