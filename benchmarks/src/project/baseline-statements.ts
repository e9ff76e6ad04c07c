import pg from 'pg';
import { fillLog } from '../log/fill-log.ts';
import type { Workload } from '../run/workload.ts';
import { logShape } from './log-shape.ts';
import { assertBalances, emptyReadModel } from './read-model.ts';

interface LogRow {
  readonly position: string;
  readonly stream_id: string;
  readonly type: string;
  readonly data: { readonly owner: string; readonly cents: number };
}

const readPage = {
  name: 'page',
  text: 'select position, stream_id, type, data from leftfold.events where position > $1 order by position limit 1000',
};

const open = {
  name: 'open',
  text: 'insert into balances (account_id, owner, cents, entries) values ($1, $2, 0, 1)',
};

const deposit = {
  name: 'deposit',
  text: 'update balances set cents = cents + $2, entries = entries + 1 where account_id = $1',
};

const advance = {
  name: 'advance',
  text: `update checkpoint set position = $1 where name = 'balances' and position = $2`,
};

interface Options {
  /** Sends the statements of a page without waiting for results. */
  readonly pipelined: boolean;
}

/** One prepared statement for each event. A transaction has a thousand events and the checkpoint. */
export function bareStatements(name: string, { pipelined }: Options): Workload {
  return {
    name,
    async setup({ server, pace }) {
      const events = pace.statementEvents;
      const database = await server.createDatabase();
      await fillLog(database, logShape(events));
      const reader = new pg.Client({ connectionString: database.connectionString });
      const writer = new pg.Client({ connectionString: database.connectionString, pipeline: pipelined });
      await Promise.all([reader.connect(), writer.connect()]);
      await writer.query('set client_min_messages to warning; set synchronous_commit to off');
      return {
        async run() {
          await writer.query(emptyReadModel);
          const started = performance.now();
          await catchUp(reader, writer, pipelined);
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

async function catchUp(reader: pg.Client, writer: pg.Client, pipelined: boolean): Promise<void> {
  const page = async (after: number) => (await reader.query<LogRow>({ ...readPage, values: [after] })).rows;
  let position = 0;
  let next = page(position);
  for (;;) {
    const events = await next;
    const last = events.at(-1);
    if (last === undefined) return;
    const from = position;
    position = Number(last.position);
    next = page(position);
    await writer.query('begin');
    const results: Promise<unknown>[] = [];
    for (const { stream_id: id, type, data } of events) {
      const opened = type === 'account.opened';
      const result = writer.query(
        opened ? { ...open, values: [id, data.owner] } : { ...deposit, values: [id, data.cents] },
      );
      if (pipelined) results.push(result);
      else await result;
    }
    await Promise.all(results);
    const { rowCount } = await writer.query({ ...advance, values: [position, from] });
    if (rowCount !== 1) throw new TypeError('another writer moved the checkpoint');
    await writer.query('commit');
  }
}
