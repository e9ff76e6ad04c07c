import { expect, test } from 'vitest';
import { createTestDatabase } from '../../src/postgres/index.ts';
import { report } from './report.ts';
import { shop } from './shop.ts';

test('disposes of its database', async () => {
  await using database = await createTestDatabase({ prepare: shop });
  report(`created ${database.name}`);
  expect(database.connectionString).toContain(database.name);
});
