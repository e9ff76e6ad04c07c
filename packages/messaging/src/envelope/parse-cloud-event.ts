import { InvalidMessageError, type JsonValue } from '@leftfold/core';
import type { CloudEventAttributes, Delivery } from '../transport/transport.ts';
import { CLOUD_EVENT_TYPE, JSON_TYPE } from './cloud-event.ts';
import { sequenceForm } from './sequence.ts';

/** What was delivered, as far as it decides what the message is. */
export type DeliveredContent = Pick<Delivery, 'attributes' | 'body' | 'contentType'>;

/** A message of a relay, before its data is looked at. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly key: string;
  /** The place of the message among those of its source. */
  readonly sequence: string;
  /** The sequence of the message before it with the same key; undefined for the first. */
  readonly previous: string | undefined;
  readonly lineage: string;
  /** All of its attributes, by name, each as text. */
  readonly attributes: CloudEventAttributes;
  /** @throws InvalidMessageError when the data is no JSON */
  readonly readData: () => JsonValue;
}

/** What a value of an attribute must be, in words. */
interface Form {
  readonly holds: (value: string) => boolean;
  readonly words: string;
}

/** Longest attribute that is part of a key of the inbox; a key may be longer. */
const MAX_LENGTH = 300;

const text: Form = {
  holds: (value) => value !== '' && value.length <= MAX_LENGTH && isStorable(value),
  words: `a text of 1 to ${MAX_LENGTH} characters, without NUL`,
};
const sequence: Form = {
  holds: (value) => sequenceForm.test(value),
  words: '16 digits, and for one of several messages of an event "." and its number',
};

const forms = {
  specversion: { holds: (value) => value === '1.0', words: '"1.0"' },
  id: text,
  source: text,
  type: text,
  sequence,
  partitionkey: { holds: (value) => value !== '', words: 'a text of one character or more' },
  lineage: text,
  schemaversion: { holds: (value) => /^[1-9][0-9]{0,8}$/.test(value), words: 'a whole number from 1' },
} satisfies Readonly<Record<string, Form>>;

type RequiredName = keyof typeof forms;

/** Most attributes of a message in structured mode. */
const MAX_ATTRIBUTES = 1_000;
/** What CloudEvents calls an attribute. Another name may be anything that was sent. */
const attributeForm = /^[a-z0-9]{1,40}$/;
/** Most levels of a document: one of millions would be parsed for seconds, in which nothing else is done. */
const MAX_LEVELS = 10_000;

/**
 * Reads a message: a CloudEvent 1.0 with the extensions of a relay, in binary or structured mode.
 *
 * Source: CloudEvents 1.0.2, and its JSON format.
 *
 * @throws InvalidMessageError that names what is missing or has another form, and no value
 */
export function parseCloudEvent(content: DeliveredContent): CloudEvent {
  const mediaType = mediaTypeOf(content.contentType);
  if (mediaType.startsWith('application/cloudevents')) return parseStructured(content, mediaType);
  return toCloudEvent(content.attributes, () => {
    if (!isJson(mediaType)) throw new InvalidMessageError('its data is not JSON by its content type');
    return parseJson('its data', content.body);
  });
}

function parseStructured({ body }: DeliveredContent, mediaType: string): CloudEvent {
  if (mediaType !== CLOUD_EVENT_TYPE)
    throw new InvalidMessageError('it is a CloudEvent in another format than JSON, or a batch of several');
  const parsed = parseJson('its body', body);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new InvalidMessageError('its body is no JSON object');
  const document = parsed as Readonly<Record<string, JsonValue>>;
  const names = Object.keys(document);
  if (names.length > MAX_ATTRIBUTES)
    throw new InvalidMessageError(
      `its body has more than ${MAX_ATTRIBUTES} members; at most they are attributes`,
    );
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name of names) {
    const value = document[name]!;
    if (name === 'data' || name === 'data_base64' || value === null) continue;
    if (typeof value === 'object')
      throw new InvalidMessageError(`${shownAttribute(name)} is no text, number or boolean`);
    attributes[name] = String(value);
  }
  return toCloudEvent(attributes, () => {
    if (!isJson(mediaTypeOf(attributes['datacontenttype'])))
      throw new InvalidMessageError('its data is not JSON by its datacontenttype');
    const data = Object.hasOwn(document, 'data') ? document['data'] : undefined;
    if (data !== undefined) return data;
    const encoded = Object.hasOwn(document, 'data_base64') ? document['data_base64'] : undefined;
    if (typeof encoded !== 'string') throw new InvalidMessageError('it has no data');
    return parseJson('its data', Buffer.from(encoded, 'base64'));
  });
}

function toCloudEvent(attributes: CloudEventAttributes, readData: () => JsonValue): CloudEvent {
  const problems = Object.entries<Form>(forms).flatMap(([name, form]) => problemOf(attributes, name, form));
  if (attributes['previous'] !== undefined) problems.push(...problemOf(attributes, 'previous', sequence));
  if (problems.length > 0) throw new InvalidMessageError(problems.join('; '));
  // Sound: each of them has its form.
  const given = attributes as Readonly<Record<RequiredName, string>> & CloudEventAttributes;
  const { id, source, type, partitionkey: key, lineage } = given;
  const previous = given['previous'];
  if (previous !== undefined && previous >= given.sequence)
    throw new InvalidMessageError('attribute "previous" is not before attribute "sequence"');
  return {
    id,
    source,
    type,
    schemaVersion: Number(given.schemaversion),
    key,
    sequence: given.sequence,
    previous,
    lineage,
    attributes,
    readData,
  };
}

function problemOf(attributes: CloudEventAttributes, name: string, { holds, words }: Form): string[] {
  const value: unknown = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (value === undefined) return [`attribute "${name}" is missing`];
  return typeof value === 'string' && holds(value) ? [] : [`attribute "${name}" must be ${words}`];
}

/** PostgreSQL cannot hold NUL in a text, nor half of a surrogate pair. */
function isStorable(value: string): boolean {
  return !value.includes('\u0000') && value.isWellFormed();
}

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** Without a type, the data of a CloudEvent in JSON is JSON. */
function isJson(mediaType: string): boolean {
  return mediaType === '' || mediaType === JSON_TYPE || mediaType.endsWith('+json');
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function shownAttribute(name: string): string {
  return attributeForm.test(name)
    ? `attribute "${name}"`
    : 'an attribute with another name than those of CloudEvents';
}

function parseJson(what: string, body: Uint8Array): JsonValue {
  if (body.byteLength > 2 * MAX_LEVELS && isDeeper(body, MAX_LEVELS))
    throw new InvalidMessageError(`${what} is nested in more than ${MAX_LEVELS} levels`);
  try {
    return JSON.parse(decoder.decode(body)) as JsonValue;
  } catch {
    // What JSON.parse throws has a part of the text.
    throw new InvalidMessageError(`${what} is no JSON in UTF-8`);
  }
}

/** Whether a text that may be JSON has more levels than these. O(n), without a stack. */
function isDeeper(json: Uint8Array, most: number): boolean {
  let levels = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === BRACKET || byte === BRACE) {
      levels += 1;
      if (levels > most) return true;
    } else if (byte === BRACKET + 2 || byte === BRACE + 2) levels -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;
