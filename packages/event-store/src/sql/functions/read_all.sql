-- Events after a position, in the order of the log, up to the high-water mark: of any of the types, of the category, and
-- with all of the tags, where these are given.
create or replace function :schema.read_all(
  after bigint default 0, max_events integer default 1000, types text[] default null, category text default null,
  tags text[] default null
) returns setof :schema.events language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- The right plan depends on which filters are given, and on how rare their values are.
  set plan_cache_mode = force_custom_plan
as $$
declare
  up_to bigint;
begin
  up_to := :schema.high_water_mark();
  -- A statement of its own: its snapshot is newer than the mark.
  return query
    select stored.*
      from :schema.events as stored
     where stored.position > after
       and stored.position <= up_to
       and (types is null or stored.type = any (types))
       and (category is null or starts_with(stored.stream_id, category || '-'))
       and (read_all.tags is null or stored.tags @> read_all.tags and (read_all.tags = '{}' or stored.tags <> '{}'))
     order by stored.position
     limit max_events;
end
$$;
