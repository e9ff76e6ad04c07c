import { expect, test, vi } from 'vitest';
import { reject, Rejection } from './reject.ts';

test('a refusal is a value with a reason and details', () => {
  expect(JSON.parse(JSON.stringify(reject('insufficient-funds', { missing: 5 })))).toStrictEqual({
    reason: 'insufficient-funds',
    details: { missing: 5 },
  });
  expect(reject('insufficient-funds').details).toBeUndefined();
});

test('a refusal made by another copy of the package is one, and nothing else is', async () => {
  vi.resetModules();
  const other = await import('./reject.ts');
  expect(other.Rejection).not.toBe(Rejection);
  expect(other.reject('closed')).toBeInstanceOf(Rejection);
  expect({ reason: 'closed', details: undefined }).not.toBeInstanceOf(Rejection);
  expect(null).not.toBeInstanceOf(Rejection);
});
