import { random } from 'nanoid';

// Crockford's base 32: in ASCII order, so that ids sort as text in the order they were made.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codes = Array.from(alphabet, (letter) => letter.charCodeAt(0));

/** 70 bits in one millisecond. */
const RANDOM_LENGTH = 14;

// An append makes one id for each event: what goes on for a millisecond is kept, and one string is made at the end.
const randomCodes = Array.from({ length: RANDOM_LENGTH }, () => 0);
let lastNow = -1;
let lastTime = '';

/**
 * An id that sorts by the time it was made, in milliseconds: 23 characters, digits and upper-case letters.
 *
 * Ids of one millisecond are in no order. New ids go to the right edge of an index, which keeps appends cheap.
 *
 * @param now milliseconds since 1970, as `Date.now()` gives; room until the year 3084.
 */
export function uuidv7(now: number): string {
  if (now !== lastNow) {
    // In two halves, since bit operations see 32 bits only.
    lastTime = digits(Math.floor(now / 2 ** 20), 5) + digits(now % 2 ** 20, 4);
    lastNow = now;
  }
  const bytes = random(RANDOM_LENGTH);
  for (let index = 0; index < RANDOM_LENGTH; index += 1) randomCodes[index] = codes[bytes[index]! & 31]!;
  return lastTime + String.fromCharCode(...randomCodes);
}

function digits(value: number, length: number): string {
  let text = '';
  for (let shift = (length - 1) * 5; shift >= 0; shift -= 5) text += alphabet.charAt((value >>> shift) & 31);
  return text;
}
