import { tableColumn } from '@leftfold/core/column';
import { expect, test } from 'vitest';
import { arrayLiteral } from './table-codec.ts';

test('no text can end an element of an array, or the array', () => {
  const text = tableColumn('id', 'text');
  const values = ['plain', 'a "quote"', 'back\\slash', '{a,b}', 'NULL', '', null];
  expect(arrayLiteral(text!, values, (value) => value)).toBe(
    '{"plain","a \\"quote\\"","back\\\\slash","{a,b}","NULL","",NULL}',
  );
});
