import { expect, test } from 'vitest';
import { MAX_BYTES_PER_CHARACTER, maxStoredLength, storedLength } from './stored-length.ts';

// The second text has the numbers that PostgreSQL answers to `select '…'::jsonb::text`.
test.each<[unknown, string]>([
  [{}, '{}'],
  [{ a: [1, true, null], b: 'x' }, '{"a":[1,true,null],"b":"x"}'],
  ['1e300, "a": 1', '"1e300, \\"a\\": 1"'],
  ['\\', '"\\\\"'],
  [{ '€,': '🦊:' }, '{"€,":"🦊:"}'],
  [1e21, '1000000000000000000000'],
  [-1.5e21, '-1500000000000000000000'],
  [1.25e25, '12500000000000000000000000'],
  [1e-7, '0.0000001'],
  [-1.25e-7, '-0.000000125'],
  [[1e308, 2], `[1${'0'.repeat(308)},2]`],
  [5e-324, `0.${'0'.repeat(323)}5`],
])('the stored length of %j is that of the numbers of jsonb', (value, stored) => {
  const json = JSON.stringify(value);
  expect(storedLength(json)).toBe(Buffer.byteLength(stored));
  expect(maxStoredLength(json)).toBeGreaterThanOrEqual(Buffer.byteLength(stored));
});

test('no number is further apart from its text than one of the bounds', () => {
  for (const number of [1e308, 5e-324, 1e-323, 1e21, 1e-7, 1.7976931348623157e308, 2.2250738585072014e-308]) {
    const json = JSON.stringify(Array(1000).fill(number));
    expect(storedLength(json) / json.length).toBeLessThan(MAX_BYTES_PER_CHARACTER);
  }
});
