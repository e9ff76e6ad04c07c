import { expect, test } from 'vitest';
import { StatementNames } from './statement-names.ts';

test('a statement gets a name when it has come a few times, and keeps it', () => {
  const names = new StatementNames();
  const given = Array.from({ length: 7 }, () => names.nameOf('select 1'));
  expect(given.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
  expect(given[4]).toMatch(/^leftfold \S{32}$/);
  expect(new Set(given.slice(4)).size).toBe(1);
});

test('one text has one name in all stores, and two texts have two', () => {
  const nameIn = (names: StatementNames, text: string) =>
    Array.from({ length: 5 }, () => names.nameOf(text)).at(-1);
  const names = new StatementNames();
  expect(nameIn(new StatementNames(), 'select 1')).toBe(nameIn(names, 'select 1'));
  expect(nameIn(names, 'select 2')).not.toBe(nameIn(names, 'select 1'));
});

test('texts that are never the same do not fill the memory', () => {
  const names = new StatementNames();
  for (let text = 0; text < 500; text += 1) names.nameOf(`select ${text}`);
  const late = Array.from({ length: 20 }, () => names.nameOf('select late'));
  expect(new Set(late)).toEqual(new Set([undefined]));
});
