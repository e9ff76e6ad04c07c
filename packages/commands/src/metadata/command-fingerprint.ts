import { createHash } from 'node:crypto';
import { type CommandInput, InvalidCommandError, type SchemaIssue } from '@leftfold/core';
import { beyondLimits, declaredPath, isPlainObject } from '@leftfold/core/input';

/** What a command id stands for: the command's name, the streams that it is about, and its input. */
export interface Fingerprinted {
  readonly name: string;
  readonly commandId: string;
  readonly streamIds: readonly string[];
  /** As it was given, and as its schema parsed it: a schema may fill in a default that differs in each call. */
  readonly inputs: readonly [given: unknown, parsed: unknown];
  /** Of the input: the path of an issue has only the names that it declares. */
  readonly schema: CommandInput | undefined;
}

/**
 * A hash of each form of the input, without the input. One hash when the schema changes nothing, or when one of the forms
 * has a part that cannot be compared, such as an instance of a class, whose private fields nobody can read.
 *
 * @throws InvalidCommandError when neither form can be compared, or one is nested too deeply or contains itself
 */
export function fingerprintOf(of: Fingerprinted): string {
  const [given, parsed] = of.inputs.map((input) => hashOf(of, input));
  const hashes = [given, parsed].filter((hash) => typeof hash === 'string');
  if (hashes.length > 0) return [...new Set(hashes)].join('.');
  throw new InvalidCommandError(of.name, [given as SchemaIssue]);
}

/** @returns why there is none, when the input cannot be compared */
function hashOf({ name, commandId, streamIds, schema }: Fingerprinted, input: unknown): string | SchemaIssue {
  try {
    return createHash('sha256')
      .update(canonical([name, commandId, [...streamIds].toSorted(), input]))
      .digest('base64url')
      .slice(0, 22);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new InvalidCommandError(name, [{ ...beyondLimits(cause), path: 'input' }], { cause });
    const { path, problem } =
      cause instanceof Incomparable ? cause : new Incomparable('has a getter that throws');
    const [, ...inInput] = path;
    const message = `${problem}, so that a command that is repeated with its id could not be told from another one; give plain values, or no command id`;
    const shown = inInput.length === 0 ? 'input' : `input.${declaredPath(schema, inInput)}`;
    return { path: shown, code: 'not_comparable', message };
  }
}

/** True when either form of the input is the same. */
export function sameFingerprint(one: string, other: string): boolean {
  const hashes = new Set(one.split('.'));
  return other.split('.').some((hash) => hashes.has(hash));
}

/** A part of an input that has no form to compare. */
class Incomparable extends Error {
  readonly problem: string;
  readonly path: (string | number)[] = [];

  constructor(problem: string) {
    super(problem);
    this.problem = problem;
  }
}

/**
 * A text that is the same for equal values, in whatever order their fields were given, and another one for others.
 *
 * @throws Incomparable
 */
function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'number':
    case 'boolean':
    case 'undefined':
      return `${value}`;
    case 'function':
    case 'symbol':
      throw new Incomparable(`is a ${typeof value}`);
    case 'object':
      return value === null ? 'null' : canonicalObject(value);
  }
}

function canonicalObject(value: object): string {
  // A class that extends one of these may have private fields, so it is not told from others by what it inherits.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return `date${(value as Date).getTime()}`;
  if (prototype === Map.prototype) return `map${canonical([...(value as Map<unknown, unknown>)])}`;
  if (prototype === Set.prototype) return `set${canonical([...(value as Set<unknown>)])}`;
  if (ArrayBuffer.isView(value)) return bytesOf(value);
  if (Array.isArray(value)) return `[${Array.from(value, (part, index) => member(index, part)).join(',')}]`;
  if (!isPlainObject(value)) throw new Incomparable('is an instance of a class');
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new Incomparable('has a member named by a symbol');
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${member(name, field)}`).join(',')}}`;
}

/** The same bytes are other numbers in an array of another type. A Buffer is a Uint8Array. */
function bytesOf(view: ArrayBufferView): string {
  const type = (view as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return `bytes${canonical(type)}"${Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')}"`;
}

function member(name: string | number, value: unknown): string {
  try {
    return canonical(value);
  } catch (error) {
    if (error instanceof Incomparable) error.path.unshift(name);
    throw error;
  }
}
