import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { LeftfoldError } from '../errors/leftfold-error.ts';
import { readable } from '../errors/thrown.ts';
import { holds } from './holds.ts';

/**
 * Reads from what a caller gave. A getter in it can throw anything, and a proxy does so even when its kind is looked at.
 *
 * @param argument which argument it was, or which part of one
 * @throws InvalidArgumentError in place of what a getter or a proxy throws, which is its cause
 */
export function reading<TResult>(argument: string, read: () => TResult): TResult {
  try {
    return read();
  } catch (thrown) {
    const cause = readable(thrown);
    if (LeftfoldError.is(cause)) throw cause;
    throw new InvalidArgumentError(argument, 'cannot be read: a getter or a proxy in it throws', { cause });
  }
}

/** Beyond this many parts the rest is not looked at. */
const MAX_PARTS = 100_000;

/** False for a value in which a getter or a proxy throws when it is read. O(n). */
export function isReadable(value: unknown): boolean {
  return holds(() => {
    const seen = new Set<object>();
    const open = [value];
    while (open.length > 0 && seen.size < MAX_PARTS) {
      const part = open.pop();
      if ((typeof part !== 'object' && typeof part !== 'function') || part === null || seen.has(part))
        continue;
      seen.add(part);
      // Also what no member of a plain object is read by: the traps of a proxy.
      Reflect.has(part, 'toJSON');
      Reflect.get(part, 'toJSON');
      Reflect.getPrototypeOf(part);
      for (const member of Object.values(part)) open.push(member);
    }
    return true;
  });
}
