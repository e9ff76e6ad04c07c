import { textArray } from '@leftfold/postgres';
import type { InboxConnection } from './attempts.ts';
import {
  type Blocked,
  type ContentRow,
  type MessageContent,
  type SourceKey,
  toContent,
  toDate,
} from './inbox-rows.ts';

/** A key whose messages are set aside. */
export interface BlockedKey extends SourceKey {
  /**
   * `failure`: a message failed. `gap`: one before them is missing. `fork`: the log of the source went back.
   */
  readonly reason: Blocked;
  readonly since: Date;
  /** The last message that was handled. */
  readonly last: string | undefined;
  /** Of a key that failed. */
  readonly failure: BlockedFailure | undefined;
  /** Number of messages that are set aside. */
  readonly messages: number;
  /** When they are tried next; undefined when the key waits to be resumed, or for a missing message. */
  readonly resumeAt: Date | undefined;
}

/** Why a key was set aside. */
export interface BlockedFailure {
  readonly sequence: string;
  readonly type: string;
  /** Code of an error of the framework. */
  readonly code: string | undefined;
  readonly message: string;
  readonly at: Date;
  readonly attempts: number;
}

/** A message that is set aside. */
export interface AsideMessage extends SourceKey, MessageContent {
  /** Counts the messages that were set aside. */
  readonly id: number;
  /** Undefined, like `messageId`, of what cannot be placed. */
  readonly sequence: string | undefined;
  readonly messageId: string | undefined;
  /** What is wrong with one that cannot be placed. */
  readonly problem: string | undefined;
  readonly receivedAt: Date;
  readonly givenUp: { readonly at: Date; readonly by: string; readonly reason: string } | undefined;
}

interface BlockedRow extends SourceKey {
  readonly blocked: Blocked;
  readonly blocked_at: number;
  readonly sequence: string | null;
  readonly failed_sequence: string | null;
  readonly failed_type: string | null;
  readonly failed_code: string | null;
  readonly failed_message: string | null;
  readonly failed_at: number | null;
  readonly attempts: number;
  readonly resume_at: number | null;
  readonly messages: number;
}

interface AsideRow extends SourceKey, ContentRow {
  readonly id: number;
  readonly sequence: string | null;
  readonly message_id: string | null;
  readonly problem: string | null;
  readonly received_at: number;
  readonly given_up_at: number | null;
  readonly given_up_by: string | null;
  readonly given_up_reason: string | null;
}

/** A page of the keys that are blocked. SQL: one range scan of `inbox_blocked_idx`, and one for each key of the page. */
export async function listBlockedKeys(
  { run, schema, consumer }: InboxConnection,
  { after, limit }: { readonly after: SourceKey | undefined; readonly limit: number },
): Promise<readonly BlockedKey[]> {
  const rows = await run<BlockedRow>({
    name: undefined,
    text: `select one.source, one.key, one.blocked, pg_catalog.date_part('epoch', one.blocked_at) as blocked_at, one.sequence,
                  one.failed_sequence, one.failed_type, one.failed_code, one.failed_message,
                  pg_catalog.date_part('epoch', one.failed_at) as failed_at, one.attempts,
                  pg_catalog.date_part('epoch', one.resume_at) as resume_at,
                  (select count(*) from "${schema}".inbox_messages as aside
                    where aside.consumer = one.consumer and aside.source = one.source and aside.key = one.key
                      and aside.given_up_at is null) as messages
             from "${schema}".inbox as one
            where one.consumer = $1
              and one.blocked is not null
              and ($2::text is null or (one.source, one.key) > ($2 collate "C", $3::text collate "C"))
            order by one.source, one.key
            limit $4`,
    values: [consumer, after?.source ?? null, after?.key ?? null, limit],
  });
  return rows.map((row) => ({
    source: row.source,
    key: row.key,
    reason: row.blocked,
    since: toDate(row.blocked_at),
    last: row.sequence ?? undefined,
    failure: toFailure(row),
    messages: row.messages,
    resumeAt: row.resume_at === null ? undefined : toDate(row.resume_at),
  }));
}

function toFailure(row: BlockedRow): BlockedFailure | undefined {
  const { failed_sequence: sequence, failed_type: type, failed_message: message, failed_at: at } = row;
  if (sequence === null || type === null || message === null || at === null) return undefined;
  const { failed_code: code, attempts } = row;
  return { sequence, type, code: code ?? undefined, message, at: toDate(at), attempts };
}

/**
 * A page of the messages that are set aside, or that were given up, after an id.
 *
 * @param of those of one key; undefined for those of all keys
 */
export async function listAside(
  { run, schema, consumer }: InboxConnection,
  page: {
    readonly of: SourceKey | undefined;
    readonly source: string | undefined;
    readonly givenUp: boolean;
    readonly after: number;
    readonly limit: number;
  },
): Promise<readonly AsideMessage[]> {
  const { of, source = of?.source, givenUp, after, limit } = page;
  const rows = await run<AsideRow>({
    name: undefined,
    text: `select aside.id, aside.source, aside.key, aside.sequence, aside.message_id, aside.attributes, aside.body,
                  aside.content_type, aside.problem, pg_catalog.date_part('epoch', aside.received_at) as received_at,
                  pg_catalog.date_part('epoch', aside.given_up_at) as given_up_at, aside.given_up_by, aside.given_up_reason
             from "${schema}".inbox_messages as aside
            where aside.consumer = $1
              and ($2::text is null or aside.source = $2)
              and ($3::text is null or aside.key = $3)
              and (aside.given_up_at is not null) = $4
              and aside.id > $5
            order by aside.id
            limit $6`,
    values: [consumer, source ?? null, of?.key ?? null, givenUp, after, limit],
  });
  return rows.map((row) => ({
    id: row.id,
    source: row.source,
    key: row.key,
    sequence: row.sequence ?? undefined,
    messageId: row.message_id ?? undefined,
    ...toContent(row),
    problem: row.problem ?? undefined,
    receivedAt: toDate(row.received_at),
    givenUp:
      row.given_up_at === null
        ? undefined
        : { at: toDate(row.given_up_at), by: row.given_up_by ?? '', reason: row.given_up_reason ?? '' },
  }));
}

/** @returns why the key was blocked; undefined when it is not. SQL: updates of the key's row. */
export async function resumeKey(
  { run, schema, consumer }: InboxConnection,
  { source, key }: SourceKey,
  skipMissing: boolean,
): Promise<Blocked | undefined> {
  const [row] = await run<{ blocked: Blocked | null }>({
    name: undefined,
    text: `select "${schema}"._resume_key($1, $2, $3, $4) as blocked`,
    values: [consumer, source, key, skipMissing],
  });
  return row?.blocked ?? undefined;
}

/**
 * Has all keys tried now that failed. SQL: one UPDATE.
 *
 * @param parked.code only those that are parked for an error with it; undefined for all
 * @param parked.types only those whose message has one of these types
 * @param parked.except none of these
 * @returns their number
 */
export async function resumeFailedKeys(
  { run, schema, consumer }: InboxConnection,
  parked?: {
    readonly code: string;
    readonly types: readonly string[];
    readonly except: readonly SourceKey[];
  },
): Promise<number> {
  const rows = await run<object>({
    name: undefined,
    text: `update "${schema}".inbox as one
              set resume_at = pg_catalog.clock_timestamp(), attempts = 0
            where one.consumer = $1
              and one.blocked = 'failure'
              and ($2::text is null
                   or one.resume_at is null and one.failed_code = $2 and one.failed_type = any ($3::text[])
                      and not exists (select from unnest($4::text[], $5::text[]) as but (source, key)
                                       where but.source = one.source and but.key = one.key))
           returning one.key`,
    values: [
      consumer,
      parked?.code ?? null,
      textArray(parked?.types ?? []),
      textArray(parked?.except.map(({ source }) => source) ?? []),
      textArray(parked?.except.map(({ key }) => key) ?? []),
    ],
  });
  return rows.length;
}

/** Gives up messages of a key that are set aside. @returns their number */
export async function giveUpMessages(
  { run, schema, consumer }: InboxConnection,
  { source, key }: SourceKey,
  given: { readonly upTo: string | undefined; readonly by: string; readonly reason: string },
): Promise<number> {
  const [row] = await run<{ given_up: number }>({
    name: undefined,
    text: `select "${schema}"._give_up($1, $2, $3, $4, $5, $6) as given_up`,
    values: [consumer, source, key, given.upTo ?? null, given.by, given.reason],
  });
  return row?.given_up ?? 0;
}

/** Removes what could not be placed, once it was. SQL: one DELETE by primary key. */
export async function removeUnplaced({ run, schema, consumer }: InboxConnection, id: number): Promise<void> {
  await run({
    name: undefined,
    text: `delete from "${schema}".inbox_messages as aside
            where aside.id = $1 and aside.consumer = $2 and aside.source = ''`,
    values: [id, consumer],
  });
}
