import type { StatementRunner } from '@leftfold/postgres';
import {
  type ContentRow,
  contentValues,
  type MessageContent,
  type MessageIdentity,
  type SourceKey,
  toContent,
} from './inbox-rows.ts';
import { identityValues, type InboxRef } from './receive.ts';

/** An inbox, and a way to run statements on it. */
export interface InboxConnection extends InboxRef {
  readonly run: StatementRunner;
}

/** How a message failed. */
export interface MessageFailure {
  /** The type of the message. */
  readonly type: string;
  /** The code of an error of the framework. */
  readonly code: string | undefined;
  readonly message: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** Until it is tried again; undefined when it is not by itself. */
  readonly retryMs: number | undefined;
}

/** A message that was set aside, and is tried now. */
export interface TakenMessage extends MessageIdentity, MessageContent {
  /** How often it is tried, this attempt included. */
  readonly attempt: number;
}

interface TakenRow extends ContentRow {
  readonly sequence: string;
  readonly message_id: string;
  readonly previous: string | null;
  readonly lineage: string;
  readonly attempts: number;
}

/** How often a message was begun, as far as that was counted. SQL: one index scan. Takes no locks. */
export async function countedAttempts(
  { run, schema, consumer }: InboxConnection,
  { source, key, sequence }: Pick<MessageIdentity, 'source' | 'key' | 'sequence'>,
): Promise<number> {
  const rows = await run<{ attempts: number }>({
    name: `leftfold inbox attempts ${schema}`,
    text: `select one.attempts from "${schema}".inbox as one
            where one.consumer = $1 and one.source = $2 and one.key = $3 and one.attempt_sequence = $4`,
    values: [consumer, source, key, sequence],
  });
  return rows[0]?.attempts ?? 0;
}

/** Remembers the first message of a source. SQL: one INSERT by primary key, which does nothing later. */
export async function beginSource(
  { run, schema, consumer }: InboxConnection,
  { source, sequence }: Pick<MessageIdentity, 'source' | 'sequence'>,
): Promise<void> {
  const text = `select "${schema}".begin_source($1, $2, $3)`;
  await run({ name: undefined, text, values: [consumer, source, sequence] });
}

/** Counts an attempt before it begins. @returns undefined when the message cannot be tried now, or was handled */
export async function beginAttempt(
  { run, schema, consumer }: InboxConnection,
  { source, key, sequence }: Pick<MessageIdentity, 'source' | 'key' | 'sequence'>,
): Promise<number | undefined> {
  const rows = await run<{ attempts: number | null }>({
    name: `leftfold inbox begin ${schema}`,
    text: `select "${schema}".begin_attempt($1, $2, $3, $4) as attempts`,
    values: [consumer, source, key, sequence],
  });
  return rows[0]?.attempts ?? undefined;
}

/** Sets a message aside that failed. @returns false when another process has handled it since */
export async function recordFailure(
  { run, schema, consumer }: InboxConnection,
  message: MessageIdentity & MessageContent,
  failure: MessageFailure,
): Promise<boolean> {
  const { type, code, message: text, attempts, retryMs } = failure;
  const rows = await run<{ recorded: boolean }>({
    name: `leftfold inbox failure ${schema}`,
    text: `select "${schema}".record_failure($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::bytea, $10, $11, $12, $13,
                                             $14, $15) as recorded`,
    values: [
      consumer,
      ...identityValues(message),
      ...contentValues(message),
      type,
      code ?? null,
      text,
      attempts,
      retryMs ?? null,
    ],
  });
  return rows[0]?.recorded === true;
}

/** Takes the message of a key that comes next, if the key is due. No other process takes it for `claimMs`. */
export async function takeNext(
  { run, schema, consumer }: InboxConnection,
  { source, key }: SourceKey,
  claimMs: number,
): Promise<TakenMessage | undefined> {
  const [row] = await run<TakenRow>({
    name: `leftfold inbox take ${schema}`,
    text: `select taken.sequence, taken.message_id, taken.previous, taken.lineage, taken.attributes, taken.body,
                  taken.content_type, taken.attempts
             from "${schema}".take_next($1, $2, $3, $4) as taken`,
    values: [consumer, source, key, claimMs],
  });
  if (row === undefined) return undefined;
  return {
    source,
    key,
    sequence: row.sequence,
    id: row.message_id,
    previous: row.previous ?? undefined,
    lineage: row.lineage,
    ...toContent(row),
    attempt: row.attempts,
  };
}

/** Gives a message back that was taken and not tried to its end, as if it had not been taken. SQL: one UPDATE. */
export async function releaseTaken(
  { run, schema, consumer }: InboxConnection,
  { source, key, sequence }: Pick<TakenMessage, 'source' | 'key' | 'sequence'>,
): Promise<void> {
  await run({
    name: undefined,
    text: `update "${schema}".inbox as one
              set resume_at = pg_catalog.clock_timestamp(), attempts = one.attempts - 1
            where one.consumer = $1 and one.source = $2 and one.key = $3 and one.attempt_sequence = $4
              and one.resume_at is not null and one.attempts > 0`,
    values: [consumer, source, key, sequence],
  });
}

/** Keeps what was delivered and cannot be placed, once. SQL: one INSERT. */
export async function keepUnplaced(
  { run, schema, consumer }: InboxConnection,
  content: MessageContent,
  problem: string,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}".keep_unplaced($1, $2::jsonb, $3::bytea, $4, $5)`,
    values: [consumer, ...contentValues(content), problem],
  });
}
