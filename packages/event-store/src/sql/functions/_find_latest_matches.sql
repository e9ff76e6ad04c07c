-- Of each request, the position of the latest event that any of its queries matches; null when there is none. The
-- arguments are as in _append_batch.
--
-- A decision has mostly read almost to the end of the log. So the queries that ask for few positions share one scan of
-- these, which takes less time than the searches for two of the queries would. The others are searched one by one.
--
-- The caller has locked what the queries match: an event that matches drew its position before the lock was taken, or is
-- not seen. Each statement below sees what was committed before it began.
create or replace function :schema._find_latest_matches(
  request_count integer, query_request integer[], query_tags text[], query_types text[], query_category text[],
  query_after bigint[]
) returns bigint[] language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- As in _find_events.
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set jit = off
  set gin_fuzzy_search_limit = 0
as $$
declare
  top bigint := pg_sequence_last_value(':schema.event_position'::regclass);
  -- Queries after this position or a higher one are recent. In a short log, that is half of it: no search takes long.
  recent_from bigint;
  -- Of the recent queries: the lowest position, the tags that are locked, and whether each of them has one.
  lowest_after bigint;
  locked_tags text[];
  all_have_tags boolean;
  -- Those of the others.
  other_tags text[];
  latest bigint[] := array_fill(null::bigint, array[request_count]);
  found_request integer;
  found_position bigint;
begin
  -- A sequence that was set, but never called, has no last value for the function above.
  if top is null then
    select coalesce(max(stored.position), 0) into top from :schema.events as stored;
  end if;
  recent_from := greatest(top - 1000, (top + 1) / 2);

  select min(query.after) filter (where query.is_recent),
         array_agg(query.tag) filter (where query.is_recent),
         bool_and(query.tag is not null) filter (where query.is_recent),
         array_agg(query.tag) filter (where not query.is_recent and query.tag is not null)
    into lowest_after, locked_tags, all_have_tags, other_tags
    from (select listed.after, listed.after >= recent_from as is_recent, (listed.tags::text[])[1] as tag
            from unnest(query_tags, query_after) as listed (tags, after)) as query;

  if lowest_after < top then
    -- A loop never has a parallel plan.
    for found_request, found_position in
      with recent as materialized (
        select stored.position, stored.type, stored.stream_id, stored.tags
          from :schema.events as stored
         where stored.position > lowest_after
           and stored.position <= top
           and (not all_have_tags or stored.tags && locked_tags)
         order by stored.position desc
         -- The range has no more. The planner expects 0.5 % of the log in it, which in a large log is another plan.
         limit 1000
      ), queries as materialized (
        select query.request, query.tags::text[] as tags, query.types::text[] as types, query.category, query.after
          from unnest(query_request, query_tags, query_types, query_category, query_after)
               as query (request, tags, types, category, after)
         where query.after >= recent_from
      )
      select queries.request, max(recent.position)
        from recent
        join queries on recent.position > queries.after
                    and recent.tags @> queries.tags
                    and (queries.types is null or recent.type = any (queries.types))
                    and (queries.category is null or starts_with(recent.stream_id, queries.category || '-'))
       group by queries.request
    loop
      latest[found_request] := found_position;
    end loop;
  end if;

  if not recent_from <= all (query_after) then
    -- As _find_events: tags that the newest events do not have are searched in the index on tags. For all queries by one
    -- statement, since most find nothing, and a call of the function takes longer than a search.
    for found_request, found_position in
      with newest as materialized (
        select stored.tags
          from :schema.events as stored
         where stored.position > top - 40
           and stored.position <= top
           and stored.tags && other_tags
      ), queries as materialized (
        select query.request, query.tags, query.types, query.category, query.after,
               query.category is null and query.tags <> '{}'
                 and not exists (select from newest where newest.tags @> query.tags) as is_rare
          from (select listed.request, listed.tags::text[] as tags, listed.types::text[] as types, listed.category, listed.after
                  from unnest(query_request, query_tags, query_types, query_category, query_after)
                       as listed (request, tags, types, category, after)
                 where listed.after < recent_from) as query
      )
      select queries.request,
             max(case when queries.is_rare and not found.is_frequent then found.position
                      else (select searched.position
                              from :schema._find_events(queries.after, top, 1, queries.types, queries.category,
                                                        queries.tags, backwards => true) as searched) end)
        from queries
       cross join lateral (
               select count(*) > 10000 as is_frequent,
                      max(tagged.position) filter (
                        where tagged.position > queries.after
                          and tagged.position <= top
                          and (queries.types is null or tagged.type = any (queries.types))) as position
                 from (select stored.position, stored.type
                         from :schema.events as stored
                        where queries.is_rare
                          and stored.tags @> queries.tags
                          and stored.tags <> '{}'
                        limit 10001) as tagged) as found
       group by queries.request
    loop
      latest[found_request] := greatest(latest[found_request], found_position);
    end loop;
  end if;
  return latest;
end
$$;
