import type { OutgoingMessage } from '@leftfold/messaging';

/** A message as a relay makes it. */
export interface MessageOptions {
  readonly source?: string;
  readonly lineage?: string;
  /** The number of the message before it with the same key. */
  readonly previous?: number | undefined;
  readonly body?: Uint8Array;
}

const sequenceOf = (number: number) => String(number).padStart(16, '0');

/** The message of an event at a position: its body is the number. */
export function messageAt(number: number, key: string, options: MessageOptions = {}): OutgoingMessage {
  const { source = '/shop', lineage = 'first', previous, body } = options;
  const id = `${key}-${number}`;
  const sequence = sequenceOf(number);
  return {
    id,
    key,
    sequence,
    attributes: {
      specversion: '1.0',
      id,
      source,
      type: 'orders.placed',
      sequence,
      partitionkey: key,
      schemaversion: '1',
      lineage,
      ...(previous === undefined ? {} : { previous: sequenceOf(previous) }),
    },
    body: body ?? new TextEncoder().encode(String(number)),
    contentType: 'application/json',
  };
}

/** The messages of one log, dealt out to keys, each with the one before it. */
export function logOf(count: number, keys: number, lineage = 'first'): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const previous = index >= keys ? index + 1 - keys : undefined;
    return messageAt(index + 1, `key ${index % keys}`, { previous, lineage });
  });
}
