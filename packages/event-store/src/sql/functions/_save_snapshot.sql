-- Keeps a snapshot of a stream, unless a newer one is kept: a slow writer never replaces it with an older one.
--
-- A snapshot that does not name an event of the log is not kept, nor is one whose state has more than 32 MiB of JSON:
-- whoever loads it has it in memory. Nothing here can tell whether the state is the fold of
-- the events; see SECURITY.md.
create or replace function :schema._save_snapshot(
  stream_id text, key text, stream_version bigint, "position" bigint, state jsonb
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.snapshots as kept (stream_id, key, stream_version, position, state)
  select stored.stream_id, _save_snapshot.key, stored.stream_version, stored.position, _save_snapshot.state
    from :schema.events as stored
   where stored.stream_id = _save_snapshot.stream_id
     and stored.stream_version = _save_snapshot.stream_version
     and stored.position = _save_snapshot.position
     and :schema._problem_of_id(_save_snapshot.key) is null
     and octet_length(_save_snapshot.state::text) <= 33554432
  on conflict on constraint snapshots_pkey do update
     set stream_version = excluded.stream_version, position = excluded.position,
         state = excluded.state, saved_at = clock_timestamp()
   where kept.stream_version < excluded.stream_version
$$;
