import { expect, test } from 'vitest';
import { beganAt, databaseName, newRunName, templateName } from './database-name.ts';

const now = new Date('2026-03-04T05:06:07.890Z');

test('the name of a database contains the start of its run, and needs no quotes', () => {
  const run = newRunName(now);
  for (const name of [databaseName(run), templateName(run, 'Läden & "more"'.repeat(50))]) {
    expect(beganAt(name)).toEqual(now);
    expect(name).toMatch(/^leftfold_test_[a-z0-9_]{1,49}$/);
  }
});

test('in one run each preparation name has one template', () => {
  const run = newRunName(now);
  expect(templateName(run, 'shop')).toBe(templateName(run, 'shop'));
  expect(templateName(run, 'shop')).not.toBe(templateName(run, 'bank'));
  expect(templateName(newRunName(now), 'shop')).not.toBe(templateName(run, 'shop'));
});

test.for(['postgres', 'leftfold_test', 'leftfold_test_mine', 'my_leftfold_test_mws07ucowz19_x'])(
  '%s is not a test database',
  (name) => {
    expect(beganAt(name)).toBeUndefined();
  },
);
