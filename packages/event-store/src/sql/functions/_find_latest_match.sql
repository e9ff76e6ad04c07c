-- The position of the latest event after a position that has all of the tags ('{}': any tags), any of the types (null: any
-- type at all), and a stream of the category (null: any stream); null when there is none.
--
-- The caller has locked what the query matches: an event that matches drew its position before the lock was taken, or is
-- not seen.
create or replace function :schema._find_latest_match(
  tags text[], types text[], category text, after bigint
) returns bigint language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  top bigint := pg_sequence_last_value(':schema.event_position'::regclass);
begin
  -- A sequence that was set, but never called, has no last value for the function above.
  if top is null then
    select coalesce(max(stored.position), 0) into top from :schema.events as stored;
  end if;
  return (select found.position
            from :schema._find_events(after, top, 1, types, category, tags, backwards => true) as found);
end
$$;
