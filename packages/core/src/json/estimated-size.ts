/** What an object, a list or an entry of one takes, about: more than the text of `{}`, twenty times as much. */
const OBJECT = 64;
const ENTRY = 16;
/** Beyond this many values the rest is not looked at. */
const MAX_VALUES = 10_000;

/**
 * About how many bytes a value takes in memory: JSON, Maps, Sets and Dates. Visits at most 10,000 values, and takes the
 * rest to be like those.
 */
export function estimatedSize(value: unknown): number {
  const open: unknown[] = [value];
  let size = 0;
  let visited = 0;
  while (open.length > 0 && visited < MAX_VALUES) {
    visited += 1;
    const next = open.pop();
    if (typeof next === 'string') size += ENTRY + next.length * 2;
    else if (typeof next !== 'object' || next === null) size += ENTRY;
    else {
      size += OBJECT;
      const members = membersOf(next);
      for (const member of members) open.push(member);
    }
  }
  return visited === 0 ? 0 : Math.ceil(size * (1 + open.length / visited));
}

function membersOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return keysAndValuesOf(value);
  if (value instanceof Set || Array.isArray(value)) return value as Iterable<unknown>;
  return ArrayBuffer.isView(value) ? [] : (Object.values(value) as unknown[]);
}

function* keysAndValuesOf(map: ReadonlyMap<unknown, unknown>): Iterable<unknown> {
  yield* map.keys();
  yield* map.values();
}
