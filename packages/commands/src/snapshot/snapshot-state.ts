import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

/**
 * A state as it is stored: its JSON text and the SHA-256 of that text.
 *
 * Stored as a JSON string it keeps the order of its keys and characters that `jsonb` cannot hold. The checksum detects an
 * edited or truncated snapshot.
 */
interface KeptState {
  readonly json: string;
  readonly sha256: string;
}

/** @returns undefined when JSON would change the state: it has a `Date`, a `Map`, undefined, a class instance … */
export function toKeptState(state: unknown): KeptState | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(state);
  } catch {
    return undefined; // a bigint, or a circle
  }
  if (json === undefined || !isDeepStrictEqual(JSON.parse(json), state)) return undefined;
  return { json, sha256: checksumOf(json) };
}

/** @returns undefined when it is not what {@link toKeptState} made */
export function fromKeptState(kept: unknown): { readonly state: unknown } | undefined {
  if (typeof kept !== 'object' || kept === null || !('json' in kept) || !('sha256' in kept)) return undefined;
  const { json, sha256 } = kept;
  if (typeof json !== 'string' || checksumOf(json) !== sha256) return undefined;
  const state: unknown = JSON.parse(json);
  return { state };
}

function checksumOf(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
