import { asStored, type EventMetadata, type JsonValue, type NewEvent } from '@leftfold/core';

/** An event to compare: its data and metadata in the stored form, and without the private fields of its creator. */
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
