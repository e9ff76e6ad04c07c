import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '@leftfold/messaging';

/** The partition of a key, which must never change: by the first bytes of its SHA-256. */
export function partitionOf(key: string, partitions: number): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % partitions;
}

/**
 * The token of a message's subject: the same each time the message is published, and another one for each other message.
 *
 * A log that went back publishes its messages with another lineage: they are other ones, by which consumers see what became
 * of the log, although an event that is still in it has the id that it had.
 */
export function subjectTokenOf({ id, attributes }: OutgoingMessage): string {
  const identity = [attributes['source'] ?? '', attributes['lineage'] ?? '', id];
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64url').slice(0, 22);
}
