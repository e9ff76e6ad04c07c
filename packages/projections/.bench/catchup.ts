import pg from 'pg';
import { fresh, accounts, total } from './fill.ts';
import { balances, journal } from '../test/bank.ts';
import { createProjectionRunner } from '@leftfold/projections';
const { store, connectionString } = await fresh('proj_bench');
const cpu0 = () => process.cpuUsage();

async function handLoop(batch: number) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(
    'drop table if exists hand; drop table if exists hand_cp; create table hand (account_id text primary key, owner text not null, cents bigint not null, events integer not null); create table hand_cp (position bigint); insert into hand_cp values (0)',
  );
  const started = performance.now();
  const c = cpu0();
  let position = 0;
  const rows = new Map<string, any>();
  for (;;) {
    await client.query('begin');
    const page = await client.query(
      'select position, stream_id, type, data from leftfold.events where position > $1 order by position limit $2',
      [position, batch],
    );
    if (page.rows.length === 0) {
      await client.query('commit');
      break;
    }
    const wanted = new Set<string>();
    for (const { stream_id } of page.rows) if (!rows.has(stream_id)) wanted.add(stream_id);
    if (wanted.size > 0) {
      const found = await client.query('select * from hand where account_id = any($1)', [[...wanted]]);
      for (const row of found.rows) rows.set(row.account_id, { ...row, cents: Number(row.cents) });
    }
    const dirty = new Map<string, any>();
    for (const event of page.rows) {
      let row = rows.get(event.stream_id) ?? { account_id: event.stream_id, owner: '', cents: 0, events: 0 };
      if (event.type === 'account.opened') row = { ...row, owner: event.data.owner, events: row.events + 1 };
      else row = { ...row, cents: row.cents + event.data.cents, events: row.events + 1 };
      rows.set(event.stream_id, row);
      dirty.set(event.stream_id, row);
    }
    const d = [...dirty.values()];
    await client.query(
      'insert into hand select * from unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) on conflict (account_id) do update set owner = excluded.owner, cents = excluded.cents, events = excluded.events',
      [d.map((r) => r.account_id), d.map((r) => r.owner), d.map((r) => r.cents), d.map((r) => r.events)],
    );
    position = Number(page.rows.at(-1).position);
    await client.query('update hand_cp set position = $1', [position]);
    await client.query('commit');
  }
  const ms = performance.now() - started;
  const u = process.cpuUsage(c);
  await client.end();
  return { rate: Math.round((total / ms) * 1000), cpu: Math.round((u.user + u.system) / 1000) };
}
async function leftfold(batchSize: number, cachedRows: number, projection: any = balances) {
  await store.pool
    .query(`drop schema if exists leftfold_${projection.name}_v1 cascade; delete from leftfold.checkpoints`)
    .catch(() => {});
  await using runner = createProjectionRunner({
    store,
    projections: [projection],
    batchSize,
    cachedRows,
    onError: console.error,
  });
  await runner.migrate();
  const started = performance.now();
  const c = cpu0();
  await runner.start();
  await runner.caughtUp(projection);
  const ms = performance.now() - started;
  const u = process.cpuUsage(c);
  return { rate: Math.round((total / ms) * 1000), cpu: Math.round((u.user + u.system) / 1000) };
}
console.log({ accounts, total });
const only = process.env.ONLY;
for (let round = 0; round < Number(process.env.ROUNDS ?? 3); round++) {
  if (!only) for (const b of [500, 2000, 5000]) console.log('hand', b, await handLoop(b));
  for (const [b, c] of [
    [2000, 20000],
    [5000, 20000],
    [5000, 0],
    [20000, 20000],
  ] as const)
    console.log('leftfold', b, c, await leftfold(b, c));
}
await store.close();
