import { asStored, type EventMetadata, type JsonValue, type NewEvent } from '@leftfold/core';

/** An event as an append would store it: without fields that JSON leaves out, and without the mark of its creator. */
export interface PlainEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  readonly id?: string;
  readonly tags?: readonly string[];
  readonly metadata?: EventMetadata;
}

export function toPlainEvent(event: NewEvent): PlainEvent {
  const { type, schemaVersion, id, tags, metadata } = event;
  return {
    type,
    schemaVersion,
    data: asStored(event.data),
    ...(id !== undefined && { id }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(metadata !== undefined && { metadata: asStored(metadata) }),
  };
}
