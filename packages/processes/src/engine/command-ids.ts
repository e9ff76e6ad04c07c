import { createHash } from 'node:crypto';
import type { RecordedEvent } from '@leftfold/core';

/** What a command of the engine follows from: the same each time it is made. */
export interface CommandOrigin {
  readonly process: string;
  /** The instance. */
  readonly id: string;
  readonly of: readonly (string | number)[];
}

/** The id of a command, the same each time: it happens once. The version of the process is left out. */
export function commandIdOf({ process, id, of }: CommandOrigin): string {
  return createHash('sha256')
    .update(JSON.stringify([process, id, ...of]))
    .digest('base64url');
}

/** Identifies an event as an input. Several that one stored event is read as have its id in common. */
export function inputIdOf({ id, type, readFrom }: RecordedEvent): string {
  const index = readFrom?.index ?? 0;
  return index === 0 ? `${id} ${type}` : `${id} ${type} ${index}`;
}
