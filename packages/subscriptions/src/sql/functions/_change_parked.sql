-- Records what a batch does with parked keys: "failures" of keys that are parked, or parked again; "parked" events, set
-- aside; "resumed" events, processed now; "freed" keys of which no event is left. Called under the lock of the
-- subscription's row.
create or replace function :schema._change_parked(name text, version integer, slice integer, parking jsonb)
returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  done record;
begin
  -- One by one: without statistics, the plan of a join would read everything that the slice has parked.
  for done in select one.key, one.position from jsonb_to_recordset(parking -> 'resumed') as one (key text, position bigint) loop
    delete from :schema.parked_events as parked
     where parked.name = _change_parked.name
       and parked.version = _change_parked.version
       and parked.slice = _change_parked.slice
       and parked.key = done.key
       and parked.position = done.position;
  end loop;
  delete from :schema.parked_keys as parked
   where parked.name = _change_parked.name
     and parked.version = _change_parked.version
     and parked.slice = _change_parked.slice
     and parked.key = any (array(select jsonb_array_elements_text(coalesce(parking -> 'freed', '[]'))));
  insert into :schema.parked_keys as parked
         (name, version, slice, key, failed_position, failed_type, failed_message, release, attempts, resume_at)
  select _change_parked.name, _change_parked.version, _change_parked.slice, failure.key, failure.position, failure.type,
         failure.message, failure.release, failure.attempts,
         clock_timestamp() + failure.retry_ms * interval '1 millisecond'
    from jsonb_to_recordset(parking -> 'failures') as failure
         (key text, position bigint, type text, message text, release text, attempts integer, retry_ms double precision)
  on conflict on constraint parked_keys_pkey do update
     set failed_position = excluded.failed_position,
         failed_type = excluded.failed_type,
         failed_message = excluded.failed_message,
         failed_at = excluded.failed_at,
         release = excluded.release,
         attempts = excluded.attempts,
         resume_at = excluded.resume_at;
  insert into :schema.parked_events (name, version, slice, key, position)
  select _change_parked.name, _change_parked.version, _change_parked.slice, event.key, event.position
    from jsonb_to_recordset(parking -> 'parked') as event (key text, position bigint)
  -- A version that continues where the hindmost slice of an older one is meets events that are parked already.
  on conflict on constraint parked_events_pkey do nothing;
  -- An event that was given up while it was tried holds up nothing: what is left of its key is resumed, as was asked for.
  update :schema.parked_keys as parked
     set resume_at = clock_timestamp()
    from jsonb_to_recordset(parking -> 'failures') as failure (key text, position bigint)
   where parked.name = _change_parked.name
     and parked.version = _change_parked.version
     and parked.slice = _change_parked.slice
     and parked.key = failure.key
     and parked.resume_at is null
     and not exists (
       select from :schema.parked_events as event
        where event.name = parked.name
          and event.version = parked.version
          and event.slice = parked.slice
          and event.key = parked.key
          and event.position = failure.position);
end
$$;
