import type { JsonObject, JsonValue } from '@leftfold/core';
import { CLOUD_EVENT_TYPE, type ContentMode, JSON_TYPE } from '../envelope/cloud-event.ts';
import { envelopeSchema, envelopeWithData } from './envelope-schema.ts';

/** A message as it is published. */
export interface PublishedSchema {
  readonly type: string;
  readonly schemaVersion: number;
  /** Of the data: draft-07, which is what AsyncAPI has. */
  readonly schema: JsonObject;
}

interface ApiOptions {
  readonly source: string;
  readonly mode: ContentMode;
  readonly title: string;
  readonly version: string;
  readonly address: string | undefined;
}

/**
 * The AsyncAPI document of messages that are published.
 *
 * Source: AsyncAPI 3.0.0.
 */
export function asyncApiOf(messages: readonly PublishedSchema[], options: ApiOptions): JsonObject {
  const { source, mode, title, version, address } = options;
  return {
    asyncapi: '3.0.0',
    info: { title, version, description: `Messages of ${source}, as CloudEvents 1.0.` },
    defaultContentType: mode === 'structured' ? CLOUD_EVENT_TYPE : JSON_TYPE,
    channels: {
      messages: {
        address: address ?? null,
        messages: byType(messages, ({ type }) => ({ $ref: `#/components/messages/${type}` })),
      },
    },
    operations: {
      publish: {
        action: 'send',
        channel: { $ref: '#/channels/messages' },
        messages: messages.map(({ type }) => ({ $ref: `#/channels/messages/messages/${type}` })),
      },
    },
    components: {
      messages: byType(messages, (message) => messageOf(message, options)),
      schemas: byType(messages, ({ type, schema }) => within(schema, `#/components/schemas/${type}`)),
    },
  };
}

function messageOf({ type, schemaVersion }: PublishedSchema, { source, mode }: ApiOptions): JsonObject {
  const envelope = envelopeSchema({ source, type, schemaVersion });
  const data = { $ref: `#/components/schemas/${type}` };
  const about = { name: type, title: `${type}, version ${schemaVersion}` };
  if (mode === 'structured')
    return { ...about, contentType: CLOUD_EVENT_TYPE, payload: envelopeWithData(envelope, data) };
  return { ...about, contentType: JSON_TYPE, headers: envelope, payload: data };
}

/** Types have letters, digits, ".", "-" and "_" only, as names of components do. */
function byType(
  messages: readonly PublishedSchema[],
  valueOf: (message: PublishedSchema) => JsonObject,
): JsonObject {
  return Object.fromEntries(messages.map((message) => [message.type, valueOf(message)]));
}

/** A schema as a part of the document: its references to itself lead to where it is, and `$schema` is said once. */
function within(schema: JsonObject, place: string): JsonObject {
  const moved = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(moved);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        name === '$ref' && typeof member === 'string' ? member.replace(/^#/, place) : moved(member ?? null),
      ]),
    );
  };
  const { $schema: _, ...rest } = schema;
  return moved(rest) as JsonObject;
}
