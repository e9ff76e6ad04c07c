import { random } from 'nanoid';

const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HYPHEN = '-'.charCodeAt(0);

// All of an id after its first 9 characters. An append makes one id for each event: what stays the same within a
// millisecond is kept here, and one string is made at the end.
const codes = Array.from({ length: 27 }, () => HYPHEN);
let lastMs = -1;
let lastHigh = -1;
let highText = '';
/** 26 bits, the first of them 0 at the start of a millisecond: room for 33 million more. */
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562), which sorts by the millisecond it was made in: `0198f9f2-7a4c-7d51-9b3e-5f6a0c1d2e3f`.
 *
 * Ids that one process makes for the same millisecond sort in the order they were made: the 26 bits after the time are
 * a counter that starts at a random value (RFC 9562, section 6.2, method 1). The last 48 bits are random. Ids of
 * different processes are in no order within a millisecond. New ids go to the right edge of an index, which keeps
 * appends cheap.
 *
 * @param now milliseconds since 1970, as `Date.now()` gives, from 0 up to the year 10889. Fractions are dropped.
 */
export function uuidv7(now: number): string {
  const ms = Math.floor(now);
  let bytes: Uint8Array;
  let next = 0;
  if (ms === lastMs) {
    counter += 1;
    bytes = random(6);
  } else {
    bytes = random(10);
    counter = (bytes[0]! << 17) | (bytes[1]! << 9) | (bytes[2]! << 1) | (bytes[3]! & 1);
    next = 4;
    setTime(ms);
  }
  codes[5] = DIGITS[7]!;
  codes[6] = DIGITS[(counter >>> 22) & 15]!;
  codes[7] = DIGITS[(counter >>> 18) & 15]!;
  codes[8] = DIGITS[(counter >>> 14) & 15]!;
  setTwoBytes(10, 0x8000 | (counter & 0x3fff));
  for (let at = 15; at < 27; at += 2) {
    const byte = bytes[next]!;
    next += 1;
    codes[at] = DIGITS[byte >>> 4]!;
    codes[at + 1] = DIGITS[byte & 15]!;
  }
  return highText + String.fromCharCode(...codes);
}

/** In two parts, since bit operations see 32 bits only; the first one changes every 65 seconds. */
function setTime(ms: number): void {
  lastMs = ms;
  const high = Math.floor(ms / 0x1_0000);
  if (high !== lastHigh) {
    lastHigh = high;
    highText = `${high.toString(16).padStart(8, '0')}-`;
  }
  setTwoBytes(0, ms % 0x1_0000);
}

function setTwoBytes(at: number, value: number): void {
  codes[at] = DIGITS[value >>> 12]!;
  codes[at + 1] = DIGITS[(value >>> 8) & 15]!;
  codes[at + 2] = DIGITS[(value >>> 4) & 15]!;
  codes[at + 3] = DIGITS[value & 15]!;
}
