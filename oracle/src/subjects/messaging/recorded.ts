import type pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';
import { CONSUMER, RELAY } from './orders.ts';

/** An event of the log. */
export interface Fact {
  readonly position: number;
  readonly id: string;
  readonly key: string;
}

/** What a consumer wrote for a message. */
export interface Effect {
  readonly position: number;
  readonly id: string;
  readonly key: string;
}

/** A key of which something is set aside, by a relay or a consumer. */
export interface BlockedKey {
  readonly by: string;
  readonly key: string;
  readonly reason: string;
}

/** Everything that is compared, as the databases have it. Read without any code that is under test. */
export interface Recorded {
  readonly facts: readonly Fact[];
  /** In the order in which they were written. */
  readonly effects: readonly Effect[];
  readonly blocked: readonly BlockedKey[];
  /** Slices of the relay that are stopped, and why. */
  readonly stopped: readonly string[];
}

/** Where both databases are. */
export interface Databases {
  readonly log: string;
  readonly effects: string;
}

export async function readRecorded({ log, effects }: Databases): Promise<Recorded> {
  const ofLog = await withClient(log, async (client) => ({
    facts: await rowsOf<Fact>(
      client,
      `select position::float8 as position, event_id as id, stream_id as key
         from leftfold.events order by position`,
    ),
    parked: await rowsOf<BlockedKey>(
      client,
      `select name as by, key, failed_message as reason from leftfold.parked_keys order by key`,
    ),
    stopped: await rowsOf<{ text: string }>(
      client,
      `select format('slice %s: %s', slice, failed_message) as text
         from leftfold.subscriptions where name = '${RELAY}' and stopped_at is not null order by slice`,
    ),
  }));
  return withClient(effects, async (client) => ({
    facts: ofLog.facts,
    effects: await rowsOf<Effect>(
      client,
      `select sequence::float8 as position, message_id as id, key from oracle.effects order by number`,
    ),
    blocked: [...ofLog.parked, ...(await readBlocked(client))],
    stopped: ofLog.stopped.map(({ text }) => text),
  }));
}

/** Keys of the inbox that wait for something, and what could not be placed. */
function readBlocked(client: pg.Client): Promise<readonly BlockedKey[]> {
  return rowsOf<BlockedKey>(
    client,
    `select consumer as by, key, format('%s after %s, until %s: %s', blocked, sequence, resume_at, failed_message) as reason
       from leftfold_inbox.inbox where consumer = '${CONSUMER}' and blocked is not null
      union all
     select consumer, key, coalesce(problem, format('%s is set aside', sequence))
       from leftfold_inbox.inbox_messages as aside
      where consumer = '${CONSUMER}' and given_up_at is null
        and not exists (select from leftfold_inbox.inbox as known
                         where known.consumer = aside.consumer and known.source = aside.source
                           and known.key = aside.key and known.blocked is not null)
      order by key`,
  );
}

/** How far everything is. */
export interface Totals {
  readonly events: number;
  /** Events that the relay is behind. */
  readonly unpublished: number;
  /** Different messages that had an effect. */
  readonly effects: number;
  readonly repeated: number;
  /** Keys that are set aside. */
  readonly blocked: number;
}

export async function readTotals({ log, effects }: Databases): Promise<Totals> {
  const ofLog = await withClient(log, async (client) => {
    const [row] = await rowsOf<{ events: number; unpublished: number }>(
      client,
      `select count(*)::integer as events,
              (select count(*)::integer from leftfold.events as late
                where late.position > (select min(position) from leftfold.subscriptions where name = '${RELAY}'))
                as unpublished
         from leftfold.events`,
    );
    return row;
  });
  return withClient(effects, async (client) => {
    const [row] = await rowsOf<{ effects: number; repeated: number }>(
      client,
      `select count(distinct message_id)::integer as effects,
              (count(*) - count(distinct message_id))::integer as repeated from oracle.effects`,
    );
    const blocked = await readBlocked(client);
    return { events: 0, unpublished: 0, effects: 0, repeated: 0, ...ofLog, ...row, blocked: blocked.length };
  });
}

async function rowsOf<TRow extends object>(client: pg.Client, text: string): Promise<readonly TRow[]> {
  return (await client.query<TRow>(text)).rows;
}
