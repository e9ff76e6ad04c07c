import { assertId, assertSchemaName, InvalidArgumentError } from '@leftfold/core';
import {
  assertEach,
  assertGiven,
  assertGivenText,
  assertOneOf,
  assertText,
  assertWhole,
} from '@leftfold/core/input';
import type pg from 'pg';

/** Options of {@link postgresQueue}. */
export interface PostgresQueueOptions {
  /** Where the database is. Either this or `pool`. */
  readonly url?: string | undefined;
  /** A pool of yours, which you end. */
  readonly pool?: pg.Pool | undefined;
  /** Names the queue: 1 to 255 characters. */
  readonly queue: string;
  /**
   * Who gets the messages: consumers that are registered before the first message is published. A consumer that receives
   * registers itself.
   *
   * @default none
   */
  readonly consumers?: readonly string[] | undefined;
  /** The Postgres schema of all queues of a database. @default 'leftfold_queue' */
  readonly schema?: string | undefined;
  /**
   * Milliseconds until messages of a receiver that died are given to another one. A living one keeps them.
   *
   * @default 10000
   */
  readonly invisibleMs?: number | undefined;
  /** Set it to false behind a pooler in transaction mode that cannot keep prepared statements. @default true */
  readonly preparedStatements?: boolean | undefined;
  /**
   * Whether a connection listens for what is published. Set it to false behind a pooler in transaction mode: then it is
   * looked for twice a second.
   *
   * @default true
   */
  readonly listen?: boolean | undefined;
}

const optionNames = {
  url: true,
  pool: true,
  queue: true,
  consumers: true,
  schema: true,
  invisibleMs: true,
  preparedStatements: true,
  listen: true,
} as const;

/** The options with their defaults. */
export interface QueueSettings {
  readonly url: string | undefined;
  readonly pool: pg.Pool | undefined;
  readonly queue: string;
  readonly consumers: readonly string[];
  readonly schema: string;
  readonly invisibleMs: number;
  readonly preparedStatements: boolean;
  readonly listen: boolean;
}

/** @throws InvalidArgumentError, InvalidNameError */
export function queueSettings(options: PostgresQueueOptions): QueueSettings {
  assertGiven('options', options, optionNames);
  const { url, pool, queue, consumers = [], schema = 'leftfold_queue', invisibleMs = 10_000 } = options;
  const { preparedStatements = true, listen = true } = options;
  assertText('url', url);
  if ((url === undefined) === (pool === undefined))
    throw new InvalidArgumentError('options', 'must have either url or pool');
  assertId('queue', queue);
  assertEach('consumers', consumers, assertGivenText);
  for (const consumer of consumers) assertId('consumer', consumer);
  assertGivenText('schema', schema);
  assertSchemaName(schema);
  assertWhole('invisibleMs', invisibleMs, { least: 1_000, most: 3_600_000 });
  assertOneOf('preparedStatements', preparedStatements, [true, false]);
  assertOneOf('listen', listen, [true, false]);
  return { url, pool, queue, consumers, schema, invisibleMs, preparedStatements, listen };
}
