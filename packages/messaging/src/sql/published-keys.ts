import { type Statement, textArray } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';
import { type RawBuilder, sql } from 'kysely';

/** The last message of a key. */
export interface PublishedKey {
  readonly key: string;
  readonly sequence: string;
}

/** The last messages of these keys, of those that have one. SQL: index scans of `published_keys_pkey`. Takes no locks. */
export function publishedKeysStatement(schema: string, relay: string, keys: readonly string[]): Statement {
  return {
    name: `leftfold published keys ${schema}`,
    text: `select published.key, published.sequence
             from pg_catalog.unnest($2::text[]) as asked (key)
            cross join lateral (select one.key, one.sequence
                                  from "${schema}".published_keys as one
                                 where one.relay = $1
                                   and one.key = asked.key
                                 limit 1) as published`,
    values: [relay, textArray(keys)],
  };
}

/** The keys that have messages from a sequence on. SQL: an index scan over the keys of the relay. */
export async function readKeysFrom(
  { run, schema }: SchemaConnection,
  relay: string,
  firstSequence: string,
): Promise<readonly string[]> {
  const rows = await run<{ key: string }>({
    name: undefined,
    text: `select published.key from "${schema}".published_keys as published
            where published.relay = $1 and published.sequence >= $2`,
    values: [relay, firstSequence],
  });
  return rows.map(({ key }) => key);
}

/** The newest of some messages, of those that are the last ones of their keys. SQL: an index scan over 1,000 keys at most. */
export async function readSomePublished(
  { run, schema }: SchemaConnection,
  relay: string,
  count: number,
): Promise<readonly PublishedKey[]> {
  return run<PublishedKey>({
    name: undefined,
    text: `select last.key, last.sequence
             from (select published.key, published.sequence
                     from "${schema}".published_keys as published
                    where published.relay = $1
                    limit 1000) as last
            order by last.sequence desc
            limit $2`,
    values: [relay, count],
  });
}

/** A call that records the last messages of keys: an upsert by primary key for each. */
export function recordPublished(
  schema: string,
  relay: string,
  last: readonly PublishedKey[],
): RawBuilder<unknown> {
  const keys = textArray(last.map(({ key }) => key));
  const sequences = textArray(last.map(({ sequence }) => sequence));
  return sql`${sql.id(schema, '_record_published')}(${relay}, ${keys}::text[], ${sequences}::text[])`;
}

/** @param last of the keys that have a message before the sequence. SQL: DELETE and UPDATE by the relay's keys. */
export async function rewindPublished(
  { run, schema }: SchemaConnection,
  relay: string,
  firstSequence: string,
  last: readonly PublishedKey[],
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._rewind_published($1, $2, $3::text[], $4::text[])`,
    values: [
      relay,
      firstSequence,
      textArray(last.map(({ key }) => key)),
      textArray(last.map(({ sequence }) => sequence)),
    ],
  });
}
