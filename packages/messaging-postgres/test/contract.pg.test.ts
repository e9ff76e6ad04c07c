import { transportContract } from '@leftfold/messaging/contract';
import { databaseTest } from '@leftfold/testbed/database';
import { test } from 'vitest';
import { postgresQueue } from '../src/index.ts';

let url: string;

// The contract brings its own tests, which know no fixture.
databaseTest().beforeAll(({ database }) => {
  url = database.connectionString;
});

transportContract({
  test,
  createTransport: ({ topic, consumers }) => postgresQueue({ url, queue: topic, consumers }),
  unreachable: () => postgresQueue({ url: 'postgres://me:secret@127.0.0.1:1/none', queue: 'none' }),
  largestBody: 64 * 2 ** 20,
});
