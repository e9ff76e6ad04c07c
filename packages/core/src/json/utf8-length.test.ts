import { expect, test } from 'vitest';
import { MAX_UTF8_PER_CHARACTER, utf8Length } from './utf8-length.ts';

test.each(['', 'abc', 'é', '߿ࠀ', '€uro', '￿', '😀', 'a😀€é\u0000', 'x'.repeat(5_000)])(
  'the bytes of %j are those of its UTF-8 form, at most three per character',
  (text) => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    expect(utf8Length(text)).toBeLessThanOrEqual(text.length * MAX_UTF8_PER_CHARACTER);
  },
);
