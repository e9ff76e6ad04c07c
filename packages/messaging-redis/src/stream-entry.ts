import type { CloudEventAttributes, OutgoingMessage } from '@leftfold/messaging';
import type { ScriptArguments } from './stream-connection.ts';

/** What is read of an entry. */
export interface EntryContent {
  readonly attributes: CloudEventAttributes;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

/** The arguments of the script that publishes, for one message. */
export function entryArguments({
  key,
  sequence,
  attributes,
  contentType,
  body,
}: OutgoingMessage): ScriptArguments {
  const { source = '', previous = '', lineage = '' } = attributes;
  // JSON in place of text: half of a surrogate pair has no UTF-8.
  const place = JSON.stringify([source, key]);
  return [place, sequence, previous, lineage, JSON.stringify(attributes), contentType, body];
}

/**
 * Reads the fields of an entry. Of one that was not written by a publisher, all of them are attributes, so that it can be
 * looked at where it is set aside.
 */
export function readEntry(fields: readonly Buffer[]): EntryContent {
  const found = new Map<string, Buffer>();
  for (let place = 0; place + 1 < fields.length; place += 2)
    found.set(String(fields[place]).toLowerCase(), fields[place + 1]!);
  const attributes = parseAttributes(found.get('attributes'));
  const body = found.get('body');
  if (attributes !== undefined && body !== undefined)
    return { attributes, body, contentType: found.get('contenttype')?.toString() };
  const texts = [...found].map(([name, value]) => [name, value.toString()] as const);
  return { attributes: Object.fromEntries(texts), body: new Uint8Array(), contentType: undefined };
}

function parseAttributes(text: Buffer | undefined): CloudEventAttributes | undefined {
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.toString());
  } catch {
    return undefined;
  }
  return isTexts(parsed) ? parsed : undefined;
}

function isTexts(value: unknown): value is CloudEventAttributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === 'string');
}
