import type { CloudEventAttributes } from '../../transport/transport.ts';

/** Why messages of a key are set aside. */
export type Blocked = 'failure' | 'gap' | 'fork';

/** What becomes of a message: see the SQL function `receive`. */
export type Verdict = 'apply' | 'duplicate' | 'gap' | 'wait' | 'fork';

/** The key of a source, as it is stored. */
export interface SourceKey {
  readonly source: string;
  readonly key: string;
}

/** What the inbox knows a message by. */
export interface MessageIdentity extends SourceKey {
  readonly sequence: string;
  readonly id: string;
  readonly previous: string | undefined;
  readonly lineage: string;
}

/** A message as it was delivered. */
export interface MessageContent {
  readonly attributes: CloudEventAttributes;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

/** What {@link MessageContent} is stored as: PostgreSQL holds neither NUL nor halves of surrogate pairs. */
export function contentValues({ attributes, body, contentType }: MessageContent): readonly unknown[] {
  const storable = Object.entries(attributes).map(([name, value]) => [
    storableText(name),
    storableText(value),
  ]);
  return [
    JSON.stringify(Object.fromEntries(storable)),
    body,
    contentType === undefined ? null : storableText(contentType),
  ];
}

function storableText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

export interface ContentRow {
  readonly attributes: CloudEventAttributes;
  readonly body: Uint8Array;
  readonly content_type: string | null;
}

export function toContent({ attributes, body, content_type }: ContentRow): MessageContent {
  return { attributes, body, contentType: content_type ?? undefined };
}

/** A time that was read as seconds: how a database writes times is a setting. */
export function toDate(seconds: number): Date {
  return new Date(seconds * 1_000);
}
