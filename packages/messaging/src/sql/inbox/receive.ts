import { textArray } from '@leftfold/postgres';
import { CompiledQuery } from 'kysely';
import {
  type Blocked,
  contentValues,
  type MessageContent,
  type MessageIdentity,
  type Verdict,
} from './inbox-rows.ts';

/** What the inbox says to a message. */
export interface Received {
  readonly verdict: Verdict;
  /** Why messages of its key were set aside before. */
  readonly blocked: Blocked | null;
}

/** An inbox: its schema, and whose it is. */
export interface InboxRef {
  readonly schema: string;
  readonly consumer: string;
}

/**
 * Decides about a message in the transaction of its effects.
 *
 * SQL: usually one UPDATE by primary key, which locks the row of the key until the transaction ends.
 */
export function receiveQuery(
  { schema, consumer }: InboxRef,
  message: MessageIdentity,
  fromAside: boolean,
): CompiledQuery<Received> {
  return query(`select verdict, blocked from "${schema}".receive($1, $2, $3, $4, $5, $6, $7, $8)`, [
    consumer,
    ...identityValues(message),
    fromAside,
  ]);
}

/**
 * Has messages of different keys received whose effects are in the transaction already.
 *
 * SQL: one UPDATE, of a row for each by primary key, which waits for no lock. `next` is false when one is not the next one of
 * its key, or another transaction has its row.
 */
export function receiveNextQuery(
  { schema, consumer }: InboxRef,
  messages: readonly MessageIdentity[],
): CompiledQuery<{ readonly next: boolean }> {
  const columns = [0, 1, 2, 3, 4, 5].map((place) =>
    textArray(messages.map((message) => identityValues(message)[place] ?? null)),
  );
  return query(
    `select "${schema}"._receive_next($1, $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) as next`,
    [consumer, ...columns],
  );
}

/** Sets a message aside in the transaction in which it was received. SQL: an insert and an update by index. */
export function setAsideQuery(
  { schema, consumer }: InboxRef,
  message: MessageIdentity & MessageContent,
  verdict: Verdict,
): CompiledQuery<object> {
  return query(`select "${schema}".set_aside($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::bytea, $11)`, [
    consumer,
    ...identityValues(message),
    verdict,
    ...contentValues(message),
  ]);
}

/** In the order of the parameters of the SQL functions. */
export function identityValues({
  source,
  key,
  sequence,
  id,
  previous,
  lineage,
}: MessageIdentity): readonly (string | null)[] {
  return [source, key, sequence, id, previous ?? null, lineage];
}

function query<TRow>(text: string, values: readonly unknown[]): CompiledQuery<TRow> {
  return CompiledQuery.raw(text, [...values]);
}
