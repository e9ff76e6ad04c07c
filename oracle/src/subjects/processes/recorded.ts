import type pg from 'pg';
import { withClient } from '../../faults/every-subject.ts';

/** An event as it stands in the log. */
export interface Fact {
  readonly position: number;
  readonly id: string;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** By the clock of the database. */
  readonly recordedMs: number;
}

/** A row of the table of instances. */
export interface StoredInstance {
  readonly process: string;
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly failure: string | null;
  readonly streamVersion: number;
}

/** A row of the table of deadlines. */
export interface StoredDeadline {
  readonly process: string;
  readonly id: string;
  readonly deadline: string;
  readonly number: number;
  readonly dueMs: number;
  readonly fired: boolean;
}

/** Everything that is compared, as the database has it. Read without any code that is under test. */
export interface Recorded {
  readonly facts: readonly Fact[];
  readonly instances: readonly StoredInstance[];
  readonly deadlines: readonly StoredDeadline[];
}

/** What is left to be done. */
export interface Rest {
  /** Events that a process has not done. */
  readonly behind: number;
  /** Instances that run, and wait for nothing that is far away. */
  readonly open: number;
  readonly halted: readonly string[];
}

export async function readRecorded(connectionString: string): Promise<Recorded> {
  return withClient(connectionString, async (client) => {
    await client.query('begin isolation level repeatable read');
    return {
      facts: await rowsOf<Fact>(
        client,
        `select position::float8 as position, event_id as id, stream_id as "streamId",
                stream_version::float8 as "streamVersion", type, data,
                (1000 * extract(epoch from recorded_at))::float8 as "recordedMs"
           from leftfold.events order by position`,
      ),
      instances: await rowsOf<StoredInstance>(
        client,
        `select process, id, version, status, failure, stream_version::float8 as "streamVersion"
           from leftfold.process_instances`,
      ),
      deadlines: await rowsOf<StoredDeadline>(
        client,
        `select process, id, deadline, number::float8 as number,
                (1000 * extract(epoch from due_at))::float8 as "dueMs", fired_at is not null as fired
           from leftfold.process_deadlines`,
      ),
    };
  });
}

/** @param processes whose subscriptions are looked at */
export async function readRest(connectionString: string, processes: readonly string[]): Promise<Rest> {
  return withClient(connectionString, async (client) => {
    const [rest] = await rowsOf<Rest>(
      client,
      `select (select coalesce(sum(greatest(0, coalesce((select max(position) from leftfold.events), 0) - position)), 0)
                 from leftfold.subscriptions where name = any ($1))::float8 as behind,
              (select count(*) from leftfold.process_instances as instance
                where (status in ('running', 'paused') or (process, status) = ('booking', 'failed'))
                  and not exists (select from leftfold.process_deadlines as deadline
                                   where (deadline.process, deadline.id) = (instance.process, instance.id)
                                     and deadline.deadline = 'release'
                                     and deadline.due_at > clock_timestamp() + interval '10 minutes'))::float8 as open,
              array(select format('%s/%s: %s: %s', name, slice, failed_position, failed_message)
                      from leftfold.subscriptions where stopped_at is not null) as halted`,
      [processes],
    );
    return rest!;
  });
}

/** How many instances have which status. */
export async function readTotals(connectionString: string): Promise<string> {
  return withClient(connectionString, async (client) => {
    const rows = await rowsOf<{ text: string }>(
      client,
      `select format('%s %s', count(*), status) as text from leftfold.process_instances group by status order by status`,
    );
    return rows.map(({ text }) => text).join(', ');
  });
}

async function rowsOf<TRow extends object>(
  client: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TRow[]> {
  return (await client.query<TRow>(text, [...values])).rows;
}
