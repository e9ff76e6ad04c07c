import type { JsonValue, RecordedEvent } from '@leftfold/core';
import type { OutgoingMessage } from '../transport/transport.ts';
import { sequenceOf } from './sequence.ts';

/** Data with its attributes as headers, or both in one JSON document. */
export type ContentMode = 'binary' | 'structured';

export const JSON_TYPE = 'application/json';
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/** What an event is published as, before it has an envelope. */
export interface PublishedMessage {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
}

/** Where a message comes from. */
export interface MessageOrigin {
  /** The event that it is made of. */
  readonly event: RecordedEvent;
  /** Names the log and the relay, for all consumers: a URI reference. */
  readonly source: string;
  readonly key: string;
  /** The sequence of the message before this one with the same key; undefined for the first. */
  readonly previous: string | undefined;
  /** Differs whenever the log may have gone back. */
  readonly lineage: string;
}

/**
 * A message with its envelope.
 *
 * Source: CloudEvents 1.0.2, its JSON format, and the extensions sequence, partitioning and distributed tracing.
 */
export function toCloudEvent(
  message: PublishedMessage,
  origin: MessageOrigin,
  mode: ContentMode,
): OutgoingMessage {
  const { event, key } = origin;
  const sequence = sequenceOf(event);
  const id = `${event.id}${sequence.slice(16)}`;
  const attributes: Record<string, string> = {
    specversion: '1.0',
    id,
    source: origin.source,
    type: message.type,
    subject: event.streamId,
    time: event.recordedAt.toISOString(),
    datacontenttype: JSON_TYPE,
    sequence,
    partitionkey: key,
    schemaversion: String(message.schemaVersion),
    lineage: origin.lineage,
  };
  if (origin.previous !== undefined) attributes['previous'] = origin.previous;
  // What follows an event through other services. The causation of the message is the event itself.
  const { traceparent, correlationId } = event.metadata;
  if (isText(traceparent)) attributes['traceparent'] = traceparent;
  if (isText(correlationId)) attributes['correlationid'] = correlationId;
  const { data } = message;
  const structured = mode === 'structured';
  const body = encoder.encode(JSON.stringify(structured ? { ...attributes, data } : data));
  return { id, key, sequence, attributes, body, contentType: structured ? CLOUD_EVENT_TYPE : JSON_TYPE };
}

const encoder = new TextEncoder();

/** CloudEvents has no empty attributes. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
