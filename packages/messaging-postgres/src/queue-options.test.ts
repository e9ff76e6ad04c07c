import { expect, test } from 'vitest';
import { postgresQueue } from './postgres-queue.ts';

test.each(['', 'a"; drop schema b; --', 'pg_catalog', 'A', '\ud800'])(
  'what is no name of a schema is refused: %j',
  (schema) => {
    expect(() => postgresQueue({ url: 'postgres://127.0.0.1/shop', queue: 'orders', schema })).toThrow(
      'schema name',
    );
  },
);
