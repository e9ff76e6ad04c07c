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
as $$
declare
  top bigint := pg_sequence_last_value(':schema.event_position'::regclass);
  -- Queries after this position or a higher one are recent. In a short log, that is half of it: no search takes long.
  recent_from bigint;
  -- Of the recent queries: the lowest position, the tags that are locked, and whether each of them has one.
  lowest_after bigint;
  locked_tags text[];
  all_have_tags boolean;
  latest bigint[] := array_fill(null::bigint, array[request_count]);
  found_request integer;
  found_position bigint;
begin
  -- A sequence that was set, but never called, has no last value for the function above.
  if top is null then
    select coalesce(max(stored.position), 0) into top from :schema.events as stored;
  end if;
  recent_from := greatest(top - 1000, (top + 1) / 2);

  select min(query.after), array_agg((query.tags::text[])[1]), bool_and((query.tags::text[])[1] is not null)
    into lowest_after, locked_tags, all_have_tags
    from unnest(query_tags, query_after) as query (tags, after)
   where query.after >= recent_from;

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
    for found_request, found_position in
      select query.request,
             max((select found.position
                    from :schema._find_events(query.after, top, 1, query.types::text[], query.category,
                                              query.tags::text[], backwards => true) as found))
        from unnest(query_request, query_tags, query_types, query_category, query_after)
             as query (request, tags, types, category, after)
       where query.after < recent_from
       group by query.request
    loop
      latest[found_request] := greatest(latest[found_request], found_position);
    end loop;
  end if;
  return latest;
end
$$;
