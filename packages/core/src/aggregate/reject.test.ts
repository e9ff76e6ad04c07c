import { expect, test, vi } from 'vitest';
import { reject, Rejection } from './reject.ts';

test('a rejection is a value with a reason and details', () => {
  expect(JSON.parse(JSON.stringify(reject('insufficient-funds', { missing: 5 })))).toStrictEqual({
    reason: 'insufficient-funds',
    details: { missing: 5 },
  });
  expect(reject('insufficient-funds').details).toBeUndefined();
});

test('a rejection from another copy of the package is recognized, and nothing else', async () => {
  vi.resetModules();
  const other = await import('./reject.ts');
  expect(other.Rejection).not.toBe(Rejection);
  expect(other.reject('closed')).toBeInstanceOf(Rejection);
  expect({ reason: 'closed', details: undefined }).not.toBeInstanceOf(Rejection);
  expect(null).not.toBeInstanceOf(Rejection);
});
