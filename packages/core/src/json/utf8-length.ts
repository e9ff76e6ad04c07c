/**
 * Bytes of a text in UTF-8.
 *
 * By hand, since this package uses no platform's API. O(n): ask only where the number of characters does not decide.
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // The two halves of a surrogate pair are 4 bytes together.
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Most bytes that one character, which is one unit of UTF-16, can take in UTF-8. */
export const MAX_BYTES_PER_CHARACTER = 3;
