import type pg from 'pg';

/** JSON that takes some twenty times its bytes in memory: each `{}` is an object. */
const emptyObjects = (bytes: number) => `[${'{},'.repeat(Math.floor(bytes / 3) - 1)}{}]`;

/** Stores events whose data is as large as the limits allow. Below the store, which would need as much memory. */
export async function seedLargeEvents(client: Pick<pg.Client, 'query'>, streamId: string, count: number) {
  await client.query(
    `with event as materialized (select jsonb_build_object('cents', 1, 'more', $2::jsonb) as data)
     insert into leftfold.events
            (position, stream_version, recorded_at, schema_version, stream_id, event_id, type, data, metadata, tags)
     select nextval('leftfold.event_position'), number, clock_timestamp(), 1, $1, $1 || number, 'account.deposited', data,
            '{}', '{large:1}'
       from event, generate_series(1, $3::int) as number`,
    [streamId, emptyObjects(500_000), count],
  );
}
