import { createHash } from 'node:crypto';
import type { RecordedEvent } from '@leftfold/core';

/** A key is part of an index, whose entries are limited. Longer ones are stored as their beginning and a hash. */
const MAX_KEY_LENGTH = 300;
const KEPT_LENGTH = 200;

/** The keys whose order an event belongs to, each once. */
export type KeysOf = (event: RecordedEvent) => readonly string[];

/** The keys of a definition, as they are stored. The returned function throws what the definition's does. */
export function storedKeysOf({ keysOf }: { readonly keysOf?: KeysOf | undefined }): KeysOf {
  if (keysOf === undefined) return ({ streamId }) => [storedKey(streamId)];
  return (event) => {
    const keys = keysOf(event);
    return keys.length === 1 ? [storedKey(keys[0]!)] : [...new Set(keys.map(storedKey))];
  };
}

/** A key as text that Postgres can store and index. */
export function storedKey(key: string): string {
  if (key.length <= MAX_KEY_LENGTH && !key.includes('\u0000') && key.isWellFormed()) return key;
  const hash = createHash('sha256').update(key, 'utf16le').digest('hex');
  return `${key.slice(0, KEPT_LENGTH).replaceAll('\u0000', '').toWellFormed()}… ${hash}`;
}
