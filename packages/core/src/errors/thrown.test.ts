import { expect, test } from 'vitest';
import { LeftfoldError } from './leftfold-error.ts';
import { SubscriptionFailedError } from './subscription-errors.ts';
import { readable, thrownText } from './thrown.ts';

const withMessage = (message: PropertyDescriptor) =>
  Object.defineProperty(new Error('x'), 'message', message);
const fails = (): never => {
  throw new Error('trap');
};
const proxy = new Proxy({}, { get: fails, has: fails, getPrototypeOf: fails });

const unreadable = {
  'whose message cannot be read': withMessage({ get: fails }),
  'without a message': withMessage({ value: undefined }),
  'whose message is a number': withMessage({ value: 5 }),
  'that is a proxy': proxy,
};

test.each(Object.entries(unreadable))('an error %s has a text, and one in its place', (_, thrown) => {
  expect(thrownText(thrown)).toMatch(/^an error (that cannot be read|without a message) was thrown$/);
  const replaced = readable(thrown);
  expect(replaced).toEqual(new Error(thrownText(thrown)));
});

test.each([
  ['words', 'words'],
  [new Error('words'), 'words'],
  [undefined, 'undefined was thrown, not an Error'],
  [Symbol('s'), 'a symbol was thrown, not an Error'],
  [Object.create(null), 'an object was thrown, not an Error'],
])('what was thrown has a text: %#', (thrown, text) => {
  expect(thrownText(thrown)).toBe(text);
  expect(readable(thrown)).toBe(thrown);
});

test.each(Object.values(unreadable))('errors of the framework take any cause: %#', (cause) => {
  expect(LeftfoldError.is(cause)).toBe(false);
  const error = new SubscriptionFailedError({ kind: 'projection', name: 'a' }, undefined, { cause });
  expect(error.message).toContain(`stopped: ${thrownText(cause)}`);
  expect(error.cause).toEqual(new Error(thrownText(cause)));
});
