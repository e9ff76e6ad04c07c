import { InvalidCommandError } from '../errors/definition-errors.ts';
import { isPlainObject } from '../json/json-part.ts';
import { beyondLimits, UNREADABLE } from './parse-with.ts';

/**
 * A copy of what can change in the input of a command, or in its metadata: objects without a class, lists, dates, maps,
 * sets and bytes, at all levels. The caller may change what he has given while the command waits, and `decide` what it
 * gets. An instance of another class is shared, since only its class can copy it.
 *
 * O(n).
 *
 * @throws InvalidCommandError when the value is nested too deeply, contains itself, or cannot be read
 */
export function ownInput<TValue>(command: string, path: 'input' | 'metadata', value: TValue): TValue {
  try {
    return ownPart(value) as TValue;
  } catch (thrown) {
    const issue = thrown instanceof RangeError ? beyondLimits(thrown) : UNREADABLE;
    throw new InvalidCommandError(command, [{ ...issue, path }]);
  }
}

function ownPart(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return Array.from(part, ownPart);
  // A class that extends one of these may have fields of its own.
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Date.prototype) return new Date((part as Date).getTime());
  if (prototype === Map.prototype)
    return new Map(
      Array.from(part as Map<unknown, unknown>, ([key, value]) => [ownPart(key), ownPart(value)]),
    );
  if (prototype === Set.prototype) return new Set(Array.from(part as Set<unknown>, ownPart));
  // Of Uint8Array, since a Buffer's own slice shares its bytes.
  if (part instanceof Uint8Array) return Uint8Array.prototype.slice.call(part);
  return isPlainObject(part) ? ownObject(part) : part;
}

function ownObject(object: object): object {
  // Also copies a member named __proto__ as a member, which the assignment then finds.
  const copy: Record<string, unknown> = { ...object };
  for (const name of Object.keys(copy)) copy[name] = ownPart(copy[name]);
  return copy;
}
