import { expect, test } from 'vitest';
import { redisStreams } from './redis-streams.ts';

test('a login that is not encoded is refused without being shown', () => {
  const make = (url: string) => () => redisStreams({ url, stream: 'orders' });
  expect(make('redis://me:hidden%@127.0.0.1:6379')).toThrow(/^url has a user .* encodeURIComponent$/);
  expect(make('redis://me:hidden%25@127.0.0.1:6379')).not.toThrow();
});
