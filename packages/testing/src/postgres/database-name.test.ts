import { expect, test } from 'vitest';
import { beganAt, databaseName, newRunName, templateName } from './database-name.ts';

const now = new Date('2026-03-04T05:06:07.890Z');

test('every database tells when its run began, and needs no quotes', () => {
  const run = newRunName(now);
  for (const name of [databaseName(run), templateName(run, 'Läden & "more"'.repeat(50))]) {
    expect(beganAt(name)).toEqual(now);
    expect(name).toMatch(/^leftfold_test_[a-z0-9_]{1,49}$/);
  }
});

test('one name is one template, another name another one, in this run', () => {
  const run = newRunName(now);
  expect(templateName(run, 'shop')).toBe(templateName(run, 'shop'));
  expect(templateName(run, 'shop')).not.toBe(templateName(run, 'bank'));
  expect(templateName(newRunName(now), 'shop')).not.toBe(templateName(run, 'shop'));
});

test.for(['postgres', 'leftfold_test', 'leftfold_test_mine', 'my_leftfold_test_mws07ucowz19_x'])(
  '%s is nobody’s database of tests',
  (name) => {
    expect(beganAt(name)).toBeUndefined();
  },
);
