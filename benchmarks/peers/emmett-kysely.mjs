// https://wataruoguchi.github.io/emmett-libs: the store on kysely, and its projection runner, which reads one stream at
// a time.
import { createProjectionRunner, getKyselyEventStore } from '@wataruoguchi/emmett-event-store-kysely';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';

/** The package has no migration. These are the columns that it uses, with the keys of its documented example. */
const tables = `
  create table streams (
    stream_id text not null, stream_position bigint not null, partition text not null, stream_type text not null,
    stream_metadata jsonb not null, is_archived boolean not null,
    primary key (stream_id, partition, is_archived)
  );
  create table messages (
    stream_id text not null, stream_position bigint not null, partition text not null, message_kind text not null,
    message_data jsonb not null, message_metadata jsonb not null, message_schema_version text not null,
    message_type text not null, message_id text not null, is_archived boolean not null,
    global_position bigserial, created timestamptz not null,
    primary key (stream_id, stream_position, partition, is_archived)
  );
  create index on messages (global_position);
  create table subscriptions (
    subscription_id text not null, version integer not null, partition text not null,
    last_processed_position bigint not null,
    primary key (subscription_id, partition, version)
  );`;

const logger = { info() {}, error() {}, debug() {}, warn() {} };

export async function open(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 20 });
  await pool.query(tables);
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const store = getKyselyEventStore({ db, logger });
  const options = { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' };
  const toEvent = (entry) => ({ type: 'Deposited', data: entry });
  const filled = [];
  return {
    append: (accountId, entry) => store.appendToStream(`account-${accountId}`, [toEvent(entry)], options),
    appendMany(accountId, entries) {
      filled.push(`account-${accountId}`);
      return store.appendToStream(`account-${accountId}`, entries.map(toEvent), options);
    },
    async project(name) {
      const registry = {
        Deposited: [
          ({ db: transaction }, { data, metadata }) =>
            sql`insert into balances (account_id, cents, entries) values (${metadata.streamId}, ${data.cents}, 1)
                on conflict (account_id)
                  do update set cents = balances.cents + excluded.cents, entries = balances.entries + 1`.execute(
              transaction,
            ),
        ],
      };
      const runner = createProjectionRunner({
        db,
        readStream: (stream, range) => store.readStream(stream, range),
        registry,
      });
      let next = 0;
      let stopped = false;
      const work = async () => {
        while (!stopped && next < filled.length) {
          const stream = filled[next];
          next += 1;
          // The package keeps a checkpoint for each subscription, not for each stream.
          await runner.projectEvents(`${name}-${stream}`, stream);
        }
      };
      const running = Promise.all(Array.from({ length: 8 }, work));
      running.catch(() => {});
      return async () => {
        stopped = true;
        await running;
      };
    },
    close: () => db.destroy(),
  };
}
