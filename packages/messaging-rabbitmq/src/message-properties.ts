import { createHash } from 'node:crypto';
import type { CloudEventAttributes, OutgoingMessage } from '@leftfold/messaging';
import type { MessagePropertyHeaders, Options } from 'amqplib';

/** Prefix of attributes in headers. Others write `cloudEvents:`, which is read as well. */
const PREFIX = 'cloudEvents_';
const anyPrefix = /^cloudEvents[_:](.+)$/is;

/** Longest short string of AMQP, in bytes. */
const MAX_SHORT = 255;
/** Most bytes of all headers: they are sent in one frame. */
const MAX_HEADERS = 60_000;
/** Bytes of a header beside its name and its text. */
const FIELD_BYTES = 6;

/** The media type of a structured message, whose attributes are in its body. */
const STRUCTURED = 'application/cloudevents';

/** The headers of a message, by name. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** Source: AMQP protocol binding of CloudEvents 1.0.2, whose AMQP 1.0 properties RabbitMQ has as headers. */
export function propertiesOf(message: OutgoingMessage, headers: MessageHeaders): Options.Publish {
  return {
    persistent: true,
    mandatory: true,
    contentType: message.contentType,
    messageId: messageIdOf(message),
    headers,
    ...timestampOf(message.attributes['time']),
  };
}

/** The property that names a message, also when it comes back: its id, or the hash of one that is too long for it. */
function messageIdOf({ id }: OutgoingMessage): string {
  return isWithin(id, MAX_SHORT) ? id : createHash('sha256').update(id).digest('base64url');
}

export function headersOf({ attributes, contentType }: OutgoingMessage): MessageHeaders {
  const headers: Record<string, string> = {};
  if (contentType.toLowerCase().startsWith(STRUCTURED)) return headers;
  for (const name of Object.keys(attributes)) headers[PREFIX + name] = attributes[name]!;
  return headers;
}

/** Whether a text has so many bytes at most. Its length alone tells, nearly always. */
function isWithin(text: string, bytes: number): boolean {
  return mostBytes(text) <= bytes || Buffer.byteLength(text) <= bytes;
}

/** Bytes of a text in UTF-8 at most. */
function mostBytes(text: string): number {
  return text.length * 3;
}

/** A property for people and tools, in seconds: the attribute is what counts. */
function timestampOf(time: string | undefined): { readonly timestamp?: number } {
  const seconds = Math.floor(Date.parse(time ?? '') / 1_000);
  return seconds >= 0 ? { timestamp: seconds } : {};
}

/** Why a message cannot be sent, and what to do; undefined when it can. */
export function problemOf(
  message: OutgoingMessage,
  headers: MessageHeaders,
  maxMessageBytes: number,
): string | undefined {
  if (message.body.byteLength > maxMessageBytes)
    return `its body has more than ${maxMessageBytes} bytes; publish less of it, or raise the option maxMessageBytes and max_message_size of the broker`;
  if (!isWithin(message.contentType, MAX_SHORT))
    return `its content type has more than ${MAX_SHORT} bytes; shorten it`;
  const names = Object.keys(headers);
  if (!names.every((name) => isWithin(name, MAX_SHORT)))
    return `it has an attribute with a name of more than ${MAX_SHORT} bytes; shorten it`;
  const bytes = (sizeOf: (text: string) => number) =>
    names.reduce((sum, name) => sum + sizeOf(name) + sizeOf(headers[name]!) + FIELD_BYTES, 0);
  return bytes(mostBytes) <= MAX_HEADERS || bytes((text) => Buffer.byteLength(text)) <= MAX_HEADERS
    ? undefined
    : `its attributes have more than ${MAX_HEADERS} bytes; shorten them`;
}

/** The attributes in the headers of a message. What is no attribute is left out. */
export function attributesOf(headers: MessagePropertyHeaders | undefined): CloudEventAttributes {
  const found: [name: string, text: string][] = [];
  for (const [header, value] of Object.entries<unknown>(headers ?? {})) {
    const name = header.startsWith(PREFIX) ? header.slice(PREFIX.length) : anyPrefix.exec(header)?.[1];
    const text = textOf(value);
    if (name !== undefined && name !== '' && text !== undefined) found.push([name.toLowerCase(), text]);
  }
  return Object.fromEntries(found);
}

/** The text of a value of any type, as CloudEvents writes it; undefined for what has none. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (
    typeof value === 'object' &&
    value !== null &&
    '!' in value &&
    value['!'] === 'timestamp' &&
    'value' in value
  ) {
    const time = new Date(Number(value.value) * 1_000);
    return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
  }
  return undefined;
}
