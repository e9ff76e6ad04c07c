import { createHash } from 'node:crypto';
import { InvalidCommandError } from '@leftfold/core';
import { beyondLimits } from '@leftfold/core/input';

/** What a command id stands for: the command's name, the streams that it is about, and its input. */
export interface Fingerprinted {
  readonly name: string;
  readonly commandId: string;
  readonly streamIds: readonly string[];
  /** As it was given, and as its schema parsed it: a schema may fill in a default that differs in each call. */
  readonly inputs: readonly [given: unknown, parsed: unknown];
}

/**
 * A hash of each form of the input, without the input. One hash when the schema changes nothing.
 *
 * @throws InvalidCommandError when the input is nested too deeply, or contains itself
 */
export function fingerprintOf(of: Fingerprinted): string {
  try {
    return hashesOf(of).join('.');
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InvalidCommandError(of.name, [{ ...beyondLimits(cause), path: 'input' }], { cause });
  }
}

function hashesOf({ name, commandId, streamIds, inputs }: Fingerprinted): readonly string[] {
  const hashes = inputs.map((input) =>
    createHash('sha256')
      .update(canonical([name, commandId, [...streamIds].toSorted(), input]))
      .digest('base64url')
      .slice(0, 22),
  );
  return [...new Set(hashes)];
}

/** True when either form of the input is the same. */
export function sameFingerprint(one: string, other: string): boolean {
  const hashes = new Set(one.split('.'));
  return other.split('.').some((hash) => hashes.has(hash));
}

/** A text that is the same for equal values, in whatever order their fields were given. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Map) return `map${canonical([...value])}`;
  if (value instanceof Set) return `set${canonical([...value])}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
