import type { CustomMetadata, JsonObject, RecordedEvent } from '@leftfold/core';

/** Fields of one command, and of who sent it. */
const notInherited = new Set([
  'commandId',
  'command',
  'commandFingerprint',
  'causationId',
  'correlationId',
  'actor',
  'traceparent',
]);

/** The app's own fields of an event, for what follows from it: a schema of the app may require them. */
export function inheritedMetadata({ metadata }: Pick<RecordedEvent, 'metadata'>): CustomMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => !notInherited.has(field)));
}

/** What an input needs that follows from an event later, when the event is not at hand. */
export function laterMetadata(event: RecordedEvent): JsonObject {
  const { id: causationId } = event;
  return {
    ...inheritedMetadata(event),
    correlationId: event.metadata.correlationId ?? causationId,
    causationId,
  };
}
