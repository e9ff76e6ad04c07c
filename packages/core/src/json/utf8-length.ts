/**
 * The number of bytes of a text in UTF-8. O(n).
 *
 * Written by hand, since this package does not use the API of a platform.
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // A surrogate pair has 4 bytes.
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Maximum number of bytes in UTF-8 for one unit of UTF-16. */
export const MAX_UTF8_PER_CHARACTER = 3;
