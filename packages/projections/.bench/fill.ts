import pg from 'pg';
import { createEventStore } from '@leftfold/event-store';
import { accountEvents, auditEvents } from '../test/bank.ts';
export const accounts = Number(process.env.ACCOUNTS ?? 5000);
export const total = Number(process.env.EVENTS ?? 200_000);
export async function fresh(name: string) {
  const admin = new pg.Client({ connectionString: 'postgres://postgres@127.0.0.1:5432/postgres' });
  await admin.connect();
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name}`);
  await admin.end();
  const connectionString = `postgres://postgres@127.0.0.1:5432/${name}`;
  const store = createEventStore({ connectionString, events: [accountEvents, auditEvents] });
  await store.migrate();
  const started = performance.now();
  await store.pool.query(
    `
    insert into leftfold.events (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
    select nextval('leftfold.event_position'), 'account-' || (n % $2), 1 + n / $2, 'e' || n, case when n < $2 then 'account.opened' else 'account.deposited' end, 1,
      case when n < $2 then '{"owner":"somebody"}'::jsonb else jsonb_build_object('cents', n % 100) end,
      '{"correlationId":"c-123456","actor":"bench"}', '{}', clock_timestamp()
    from generate_series(0, $1 - 1) as n`,
    [total, accounts],
  );
  await store.pool.query('vacuum analyze leftfold.events');
  await store.pool.query('checkpoint');
  console.log('filled in', Math.round(performance.now() - started), 'ms');
  return { store, connectionString };
}
