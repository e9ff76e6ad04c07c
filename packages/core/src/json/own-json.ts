import { problemOf } from './json-part.ts';

/**
 * A copy of a value, frozen at all levels. Each member is read once, so that the copy has what was checked.
 *
 * O(n).
 *
 * @throws TypeError when JSON would change the value
 * @throws RangeError when it is nested too deeply, or contains itself
 * @throws what a getter throws
 */
export function ownJson<TValue>(value: TValue): TValue {
  return ownPart(value) as TValue;
}

function ownPart(part: unknown): unknown {
  const problem = problemOf(part);
  if (problem !== undefined) throw new TypeError(`JSON cannot keep a value that ${problem}`);
  if (typeof part !== 'object' || part === null) return part;
  return Object.freeze(Array.isArray(part) ? ownList(part) : ownObject(part));
}

function ownList(list: readonly unknown[]): readonly unknown[] {
  const copy: unknown[] = [];
  // By index, since the methods of an array leave out elements that it does not have.
  for (let index = 0; index < list.length; index += 1) copy.push(ownPart(list[index]));
  return copy;
}

function ownObject(object: object): object {
  // Also copies a member named __proto__ as a member, which the assignment then finds.
  const copy: Record<string, unknown> = { ...object };
  // JSON leaves out a member that is undefined.
  for (const name of Object.keys(copy)) if (copy[name] !== undefined) copy[name] = ownPart(copy[name]);
  return copy;
}
