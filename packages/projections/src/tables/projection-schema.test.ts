import { assertProjectionName, assertSchemaName } from '@leftfold/core';
import { expect, test } from 'vitest';
import { copySchema, projectionSchema } from './projection-schema.ts';

test('no two projections of any stores, nor copies, share a schema, and no store has one', {
  timeout: 60_000,
}, () => {
  const parts = ['a', 'v1', 'c1', '1', '_', 'v'];
  const joined = parts.flatMap((one) => parts.flatMap((two) => parts.map((three) => one + two + three)));
  const texts = [
    ...parts,
    ...joined,
    ...joined.map((text) => `a${text}`),
    'acme',
    'acme_eu',
    'eu_report',
    'report',
  ];
  const stores = texts.filter((text) => isAllowed(assertSchemaName, text));
  const names = [...new Set(texts)].filter((text) => isAllowed(assertProjectionName, text));
  const schemas = [...new Set(stores)].flatMap((store) => [
    store,
    ...names.flatMap((name) =>
      [1, 11].flatMap((version) =>
        [projectionSchema, copySchema].map((schemaOf) => schemaOf(store, { name, version })),
      ),
    ),
  ]);
  expect(schemas.length).toBeGreaterThan(1000);
  expect(new Set(schemas).size).toBe(schemas.length);
});

function isAllowed(assertName: (text: string) => void, text: string): boolean {
  try {
    assertName(text);
    return true;
  } catch {
    return false;
  }
}
