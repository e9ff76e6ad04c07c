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
  let left = 0;
  while (open.length > 0 && visited < MAX_VALUES) {
    visited += 1;
    const next = open.pop();
    if (typeof next === 'string') size += ENTRY + next.length * 2;
    else if (typeof next !== 'object' || next === null) size += ENTRY;
    else {
      size += OBJECT;
      left += openMembers(next, open);
    }
  }
  return Math.ceil(size * (1 + (open.length + left) / visited));
}

/** @returns how many members were left out: a list may have four thousand million of them, all missing */
function openMembers(value: object, open: unknown[]): number {
  try {
    const { count, members } = membersOf(value);
    let left = count;
    for (const member of members) {
      if (count - left === MAX_VALUES) return left;
      open.push(member);
      left -= 1;
    }
  } catch {
    // A proxy or a getter that throws does so again where the value is read for its own sake.
  }
  return 0;
}

function membersOf(value: object): { readonly count: number; readonly members: Iterable<unknown> } {
  if (value instanceof Map) return { count: 2 * value.size, members: keysAndValuesOf(value) };
  if (value instanceof Set) return { count: value.size, members: value };
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : ArrayBuffer.isView(value)
      ? []
      : Object.values(value);
  return { count: list.length, members: list };
}

function* keysAndValuesOf(map: ReadonlyMap<unknown, unknown>): Iterable<unknown> {
  yield* map.keys();
  yield* map.values();
}

/** Characters of a text that are looked at: as many pieces, spread evenly over a longer one. */
const MAX_SCANNED = 64 * 1024;
const PIECE = 1024;
/** A text that is shorter is not looked at. In the worst case, of empty objects, this is a third of what it takes. */
const SHORT = 1024;
const SHORT_FACTOR = 8;

const OPENING_BRACE = 123;
const OPENING_BRACKET = 91;
const COLON = 58;
const COMMA = 44;

/**
 * About how many bytes a JSON text takes in memory, together with the value that it was made from or that is made of it.
 * Looks at most at 65,536 characters, spread over the text, and takes the rest to be like those.
 */
export function estimatedJsonSize(json: string): number {
  const { length } = json;
  if (length <= SHORT) return length * SHORT_FACTOR;
  const pieces = Math.ceil(Math.min(length, MAX_SCANNED) / PIECE);
  let scanned = 0;
  let structure = 0;
  let bytesPerCharacter = 1;
  for (let piece = 0; piece < pieces; piece += 1) {
    const from = Math.floor((piece * length) / pieces);
    const to = Math.min(length, from + PIECE);
    scanned += to - from;
    for (let index = from; index < to; index += 1) {
      const code = json.charCodeAt(index);
      if (code === OPENING_BRACE || code === OPENING_BRACKET) structure += OBJECT;
      else if (code === COMMA || code === COLON) structure += ENTRY;
      else if (code > 255) bytesPerCharacter = 2;
    }
  }
  return Math.ceil(2 * length * bytesPerCharacter + (structure * length) / scanned);
}
