import { expect, test } from 'vitest';
import { assertServerVersion } from './server-version.ts';

test('PostgreSQL 15 is the oldest server that is accepted', () => {
  expect(() => assertServerVersion(150_000)).not.toThrow();
  expect(() => assertServerVersion(140_019)).toThrow(
    expect.objectContaining({
      code: 'SERVER_TOO_OLD',
      message: 'PostgreSQL 14 is too old; use 15 or newer',
    }),
  );
});
