import type { CloudEventAttributes, OutgoingMessage } from '@leftfold/messaging';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

const PREFIX = 'ce-';
const CONTENT_TYPE = 'content-type';
const STRUCTURED = 'application/cloudevents';

/**
 * The headers of a message: in binary mode one for each attribute.
 *
 * Source: the NATS protocol binding of CloudEvents, whose header values are encoded as those of HTTP.
 */
export function toHeaders({ attributes, contentType }: OutgoingMessage): MsgHdrs {
  const made = headers();
  made.set('Content-Type', encodeText(contentType));
  if (!contentType.startsWith(STRUCTURED))
    for (const [name, value] of Object.entries(attributes)) made.set(PREFIX + name, encodeText(value));
  return made;
}

/** Bytes of headers as they are sent. */
export function sizeOf(made: MsgHdrs): number {
  let bytes = 'NATS/1.0\r\n\r\n'.length;
  for (const [name, values] of made)
    for (const value of values) bytes += name.length + ': \r\n'.length + value.length;
  return bytes;
}

/** What the headers of a message say. */
export interface MessageHead {
  readonly attributes: CloudEventAttributes;
  readonly contentType: string | undefined;
}

/** Reads headers, also those that another program has written: in any case of their names. */
export function readHeaders(given: MsgHdrs | undefined): MessageHead {
  const attributes: Record<string, string> = {};
  let contentType: string | undefined;
  for (const [header, [value = '']] of given ?? []) {
    const name = header.toLowerCase();
    if (name === CONTENT_TYPE) contentType = decodeText(value);
    else if (name.startsWith(PREFIX) && name !== PREFIX)
      attributes[name.slice(PREFIX.length)] = decodeText(value);
  }
  return { attributes, contentType: contentType ?? attributes['datacontenttype'] };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes that stand for themselves: printable ASCII without the quote and the percent sign. */
const plain = /^[\x21\x23\x24\x26-\x7e]*$/;

function encodeText(text: string): string {
  if (plain.test(text)) return text;
  return Array.from(encoder.encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** What is no encoding is left as it is. */
function decodeText(text: string): string {
  const unquoted = /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : text;
  return unquoted.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) =>
    decoder.decode(Buffer.from(encoded.replaceAll('%', ''), 'hex')),
  );
}
