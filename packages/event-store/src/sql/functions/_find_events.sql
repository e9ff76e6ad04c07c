-- Events of a range of positions, in the order of the log or backwards: of any of the types, of the category, and with
-- all of the tags, where these are given. up_to must not be above the high-water mark, unless the caller has locked what
-- it asks for.
--
-- No index has tags and positions, and no plan is right for rare and for frequent tags: a planner that has not counted a
-- tag expects it in 0.5 % of the log. So the log is read in its order for as long as one in a hundred events matches,
-- which finds frequent tags; probe is how far it is read to see that. Then the index on tags is searched, which finds tags
-- of at most 10,000 events. For tags that are neither, two parts of the range are searched, each planned for its values.
--
-- All of it is one snapshot, that of the statement that calls this function.
create or replace function :schema._find_events(
  after bigint, up_to bigint, max_events integer, types text[], category text, tags text[],
  backwards boolean default false, probe integer default null
) returns setof :schema.events language plpgsql stable
  set search_path = pg_catalog, pg_temp
  -- The plans do not depend on the values, except those of "execute", which are always made for them. A plan may have been
  -- made while the log was short.
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  -- In a large log the estimated cost exceeds jit_above_cost; compiling takes longer than the page.
  set jit = off
  -- With a limit, a search of the index on tags leaves out events at random.
  set gin_fuzzy_search_limit = 0
as $$
declare
  has_tags constant boolean := coalesce(tags, '{}') <> '{}';
  -- How many positions are read next, in the order of the log. What is still to be read is always the range from after to
  -- up_to.
  width bigint := case when not has_tags and category is null then up_to - after
                       -- Where most of the log is in the range, it is short, and the index on tags has no more than that.
                       when up_to - after <= 1000 and (category is not null or after >= up_to - after) then up_to - after
                       when category is null then coalesce(probe, 40)
                       else 0 end;
  walked bigint := 0;
  missing integer := max_events;
  returned integer;
  rare bigint[];
  is_frequent boolean;
begin
  if after >= up_to then
    return;
  end if;

  while width > 0 loop
    -- Without "tags <> '{}'" no plan can use the index on tags.
    if backwards then
      return query
        select stored.*
          from :schema.events as stored
         where stored.position > greatest(after, up_to - width)
           and stored.position <= up_to
           and (not has_tags or stored.tags @> _find_events.tags)
           and (_find_events.types is null or stored.type = any (_find_events.types))
           and (category is null or starts_with(stored.stream_id, category || '-'))
         order by stored.position desc
         limit missing;
      get diagnostics returned = row_count;
      up_to := up_to - width;
    else
      return query
        select stored.*
          from :schema.events as stored
         where stored.position > after
           and stored.position <= least(up_to, after + width)
           and (not has_tags or stored.tags @> _find_events.tags)
           and (_find_events.types is null or stored.type = any (_find_events.types))
           and (category is null or starts_with(stored.stream_id, category || '-'))
         order by stored.position
         limit missing;
      get diagnostics returned = row_count;
      after := after + width;
    end if;
    missing := missing - returned;
    walked := walked + width;
    if missing <= 0 or after >= up_to then
      return;
    end if;
    width := case when (max_events - missing) * 100 < walked then 0 else width * 10 end;
  end loop;

  if category is null then
    select array_agg(found.position order by case when backwards then -found.position else found.position end)
             filter (where found.position > after and found.position <= up_to and found.is_of_type),
           count(*) > 10000
      into rare, is_frequent
      from (select stored.position,
                   _find_events.types is null or stored.type = any (_find_events.types) as is_of_type
              from :schema.events as stored
             where stored.tags @> _find_events.tags
               and stored.tags <> '{}'
             limit 10001) as found;
    if not is_frequent then
      return query
        select stored.*
          from :schema.events as stored
         where stored.position = any (rare[:missing])
         order by case when backwards then -stored.position else stored.position end;
      return;
    end if;
  end if;

  width := case when category is null then 200000 else up_to - after end;
  loop
    return query execute format($query$
      select stored.*
        from :schema.events as stored
       where stored.position > $1
         and stored.position <= $2
         and ($3 is null or stored.tags @> $3 and stored.tags <> '{}')
         and ($4 is null or stored.type = any ($4))
         and ($5 is null or starts_with(stored.stream_id, $5 || '-'))
       order by stored.position %s
       limit $6$query$, case when backwards then 'desc' else 'asc' end)
      using case when backwards then greatest(after, up_to - width) else after end,
            case when backwards then up_to else least(up_to, after + width) end,
            case when has_tags then tags end, types, category, missing;
    get diagnostics returned = row_count;
    missing := missing - returned;
    if backwards then
      up_to := up_to - width;
    else
      after := after + width;
    end if;
    if missing <= 0 or after >= up_to then
      return;
    end if;
    width := up_to - after;
  end loop;
end
$$;
