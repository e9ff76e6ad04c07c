import type { JsonObject } from '@leftfold/core';
import { JSON_TYPE } from '../envelope/cloud-event.ts';
import { sequenceForm } from '../envelope/sequence.ts';

interface EnvelopeOptions {
  readonly source: string;
  readonly type: string;
  readonly schemaVersion: number;
}

const text = (description: string): JsonObject => ({ type: 'string', minLength: 1, description });
const sequence = (description: string): JsonObject => ({
  type: 'string',
  pattern: sequenceForm.source,
  description,
});

/** The attributes that `toCloudEvent` gives to each message. */
const attributes: JsonObject = {
  specversion: { const: '1.0' },
  id: text('The same each time the message is published'),
  source: {},
  type: {},
  subject: text('The stream of the event that the message is made of'),
  time: { type: 'string', format: 'date-time', description: 'When the event was recorded' },
  datacontenttype: { const: JSON_TYPE },
  sequence: sequence('The place of the message among those of its source: rises with each message'),
  partitionkey: text('Messages with one key are in order'),
  schemaversion: {},
  lineage: text('Differs whenever the log of the source may have gone back'),
};

/** Those that some messages have. */
const others: JsonObject = {
  previous: sequence('The sequence of the message before this one with the same key; absent for the first'),
  traceparent: text('Trace context of the W3C'),
  correlationid: text('Of the command that led to the event'),
};

/** JSON Schema of the attributes of a message: those of CloudEvents 1.0, and the extensions of a relay. All are texts. */
export function envelopeSchema({ source, type, schemaVersion }: EnvelopeOptions): JsonObject {
  return {
    type: 'object',
    required: Object.keys(attributes),
    properties: {
      ...attributes,
      source: { const: source },
      type: { const: type },
      schemaversion: { const: String(schemaVersion) },
      ...others,
    },
  };
}

/** JSON Schema of a CloudEvent in its JSON format. */
export function envelopeWithData(envelope: JsonObject, data: JsonObject): JsonObject {
  const { required, properties } = envelope as {
    readonly required: readonly string[];
    readonly properties: JsonObject;
  };
  return { ...envelope, required: [...required, 'data'], properties: { ...properties, data } };
}
