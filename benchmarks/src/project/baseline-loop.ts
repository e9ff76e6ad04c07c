import pg from 'pg';
import { fillLog } from '../log/fill-log.ts';
import type { Workload } from '../run/workload.ts';
import { logShape } from './log-shape.ts';
import { assertBalances, emptyReadModel } from './read-model.ts';

interface Row {
  owner: string;
  cents: number;
  entries: number;
}

interface LogRow {
  readonly position: string;
  readonly stream_id: string;
  readonly type: string;
  readonly data: { readonly owner: string; readonly cents: number };
}

const BATCH = 5_000;
const types = ['account.opened', 'account.deposited', 'account.withdrawn'];

const readPage = {
  name: 'page',
  text: `select position, stream_id, type, data
           from leftfold.events
          where position > $1 and type = any ($2)
          order by position
          limit ${BATCH}`,
};

const readRows = {
  name: 'rows',
  text: 'select account_id, owner, cents, entries from balances where account_id = any ($1::text[])',
};

/** Writes the rows of a batch and the checkpoint with one statement: one round trip, one transaction. */
const write = {
  name: 'write',
  text: `with written as (
           insert into balances (account_id, owner, cents, entries)
           select * from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[])
           on conflict (account_id)
             do update set owner = excluded.owner, cents = excluded.cents, entries = excluded.entries
         )
         update checkpoint set position = $5 where name = 'balances' and position = $6`,
};

/**
 * An optimized loop for this one read model. It reads the next page while it folds and writes the current one, keeps
 * rows in memory, and writes a batch with one statement. The commit does not wait for the disk, since a crash loses
 * checkpoint and rows together.
 */
export function bareLoop(name: string): Workload {
  return {
    name,
    async setup({ server, pace }) {
      const events = pace.catchUpEvents;
      const database = await server.createDatabase();
      await fillLog(database, logShape(events));
      const reader = new pg.Client({ connectionString: database.connectionString });
      const writer = new pg.Client({ connectionString: database.connectionString });
      await Promise.all([reader.connect(), writer.connect()]);
      await writer.query('set client_min_messages to warning; set synchronous_commit to off');
      return {
        async run() {
          await writer.query(emptyReadModel);
          const started = performance.now();
          await catchUp(reader, writer);
          const seconds = (performance.now() - started) / 1_000;
          await assertBalances(database, 'balances', events);
          return { eventsPerSecond: events / seconds };
        },
        async teardown() {
          await Promise.all([reader.end(), writer.end()]);
          await database.drop();
        },
      };
    },
  };
}

async function catchUp(reader: pg.Client, writer: pg.Client): Promise<void> {
  const page = async (after: number) =>
    (await reader.query<LogRow>({ ...readPage, values: [after, types] })).rows;
  const known = new Map<string, Row>();
  let position = 0;
  let next = page(position);
  for (;;) {
    const events = await next;
    const last = events.at(-1);
    if (last === undefined) return;
    const from = position;
    position = Number(last.position);
    next = page(position);
    await loadRows(writer, known, new Set(events.map((event) => event.stream_id)));
    const changed = new Map<string, Row>();
    for (const { stream_id: id, type, data } of events) {
      const row = known.get(id)!;
      if (type === 'account.opened') row.owner = data.owner;
      else row.cents += type === 'account.deposited' ? data.cents : -data.cents;
      row.entries += 1;
      changed.set(id, row);
    }
    const rows = [...changed.values()];
    const result = await writer.query({
      ...write,
      values: [
        textArray([...changed.keys()]),
        textArray(rows.map(({ owner }) => owner)),
        `{${rows.map(({ cents }) => cents).join(',')}}`,
        `{${rows.map(({ entries }) => entries).join(',')}}`,
        position,
        from,
      ],
    });
    if (result.rowCount !== 1) throw new TypeError('another writer moved the checkpoint');
  }
}

/** Reads the rows that are not in memory, and creates those that do not exist. */
async function loadRows(client: pg.Client, known: Map<string, Row>, ids: ReadonlySet<string>): Promise<void> {
  const unknown = [...ids].filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  const { rows } = await client.query<{ account_id: string; owner: string; cents: string; entries: number }>({
    ...readRows,
    values: [textArray(unknown)],
  });
  for (const { account_id: id, owner, cents, entries } of rows)
    known.set(id, { owner, cents: Number(cents), entries });
  for (const id of unknown) if (!known.has(id)) known.set(id, { owner: '', cents: 0, entries: 0 });
}

function textArray(values: readonly string[]): string {
  return `{${values.map((value) => JSON.stringify(value)).join(',')}}`;
}
