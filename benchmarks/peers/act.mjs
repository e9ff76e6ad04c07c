// https://www.npmjs.com/package/@rotorsoft/act: its PostgreSQL store, and a reaction that writes a read model.
import { act, state, store } from '@rotorsoft/act';
import { PostgresStore } from '@rotorsoft/act-pg';
import pg from 'pg';
import { z } from 'zod';
import { upsertOne } from './totals.mjs';

const entry = z.object({ cents: z.number(), reference: z.string(), note: z.string() });

const Account = state('Account', z.object({ cents: z.number() }))
  .init(() => ({ cents: 0 }))
  .emits({ Deposited: entry })
  .patch({ Deposited: ({ data }, { cents }) => ({ cents: cents + data.cents }) })
  .on('deposit', entry)
  .emit((data) => ['Deposited', data])
  .build();

export async function open(connectionString) {
  const { hostname, port, username, password, pathname } = new URL(connectionString);
  const events = store(
    new PostgresStore({
      host: hostname,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
      schema: 'public',
      table: 'events',
    }),
  );
  await events.seed();
  const pool = new pg.Pool({ connectionString });
  const commit = (accountId, entries) =>
    events.commit(
      `account-${accountId}`,
      entries.map((data) => ({ name: 'Deposited', data })),
      { correlation: 'benchmark', causation: {} },
      -1,
    );
  return {
    append: (accountId, data) => commit(accountId, [data]),
    appendMany: commit,
    async project(name) {
      const app = act()
        .with(Account)
        .on('Deposited')
        .do(async function total({ stream, data }) {
          await pool.query(upsertOne, [stream, data.cents]);
        })
        .to(() => name)
        .build(500);
      let stopped = false;
      const drain = async () => {
        while (!stopped && (await app.drain()) > 0);
      };
      const running = drain();
      running.catch(() => {});
      return async () => {
        stopped = true;
        await running;
        // Otherwise the next reaction would begin at the lowest position of all reactions.
        await pool.query('truncate public.events_streams');
      };
    },
    async close() {
      await events.dispose();
      await pool.end();
    },
  };
}
