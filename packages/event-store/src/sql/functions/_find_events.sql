-- Events of a range of positions, in the order of the log: of any of the types, of the category, and with all of the
-- tags, where these are given. up_to must not be above the high-water mark.
--
-- A function, so that its query is planned for its values in every session, prepared or not: the right plan depends on
-- how rare the values are, and no index serves rare and frequent ones.
create or replace function :schema._find_events(
  after bigint, up_to bigint, max_events integer, types text[], category text, tags text[]
) returns setof :schema.events language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan
  -- In a large log the estimated cost exceeds jit_above_cost; compiling takes longer than the page.
  set jit = off
  -- With a limit, a search of the index on tags leaves out events at random.
  set gin_fuzzy_search_limit = 0
as $$
begin
  return query
    select stored.*
      from :schema.events as stored
     where stored.position > after
       and stored.position <= up_to
       and (_find_events.types is null or stored.type = any (_find_events.types))
       and (category is null or starts_with(stored.stream_id, category || '-'))
       -- Without "tags <> '{}'" no plan can use the index on tags.
       and (_find_events.tags is null
            or stored.tags @> _find_events.tags and (_find_events.tags = '{}' or stored.tags <> '{}'))
     order by stored.position
     limit max_events;
end
$$;
