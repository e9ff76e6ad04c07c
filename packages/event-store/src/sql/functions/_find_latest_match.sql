-- The position of the latest event after a position that has all of the tags ('{}': any tags), any of the types (null: any
-- type at all), and a stream of the category (null: any stream), at or before up_to (null: any position); null when there
-- is none.
--
-- For a condition the caller has locked what the query matches: an event that matches drew its position before the lock
-- was taken, or is not seen. For a read, up_to is not above the mark of what the query asks for.
create or replace function :schema._find_latest_match(
  tags text[], types text[], category text, after bigint, up_to bigint default null
) returns bigint language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- A cached plan may have been made while the log was short.
  set enable_seqscan = off
  -- In a large log the estimated cost of a rare tag exceeds jit_above_cost; compiling takes 6 ms, the search 30 µs.
  set jit = off
  -- With a limit, a search of the index on tags leaves out events at random.
  set gin_fuzzy_search_limit = 0
as $$
declare
  top bigint := coalesce(up_to, pg_sequence_last_value(':schema.event_position'::regclass));
  is_recent boolean;
  is_frequent boolean;
  latest bigint;
begin
  -- A sequence that was set, but never called, has no last value for the function above.
  if top is null then
    select coalesce(max(stored.position), 0) into top from :schema.events as stored;
  end if;

  -- No index has types or the whole log: the events are read in the reverse order of the log until one matches.
  if _find_latest_match.tags = '{}' then
    select stored.position
      into latest
      from :schema.events as stored
     where stored.position > _find_latest_match.after
       and stored.position <= top
       and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
       and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'))
     order by stored.position desc
     limit 1;
    return latest;
  end if;
  is_recent := top - after <= 500;

  -- After a recent position the events are looked at one by one, the latest first. After an older position only the
  -- latest 50 are: an event with a popular tag is soon found among them. Without "tags <> '{}'" no plan of this query
  -- can use the index on tags.
  select max(stored.position)
    into latest
    from :schema.events as stored
   where stored.position > case when is_recent then _find_latest_match.after else top - 50 end
     and stored.position <= top
     and stored.tags @> _find_latest_match.tags
     and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
     and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'));
  if latest is not null or is_recent then
    return latest;
  end if;

  -- A read mostly has a match: among the newest 2,000 events, or among at most 1,000 events with the tags. These are
  -- counted, since a plan estimates far too many for a rare tag. With more of them, the events are read in the reverse
  -- order of the log.
  if up_to is not null then
    select stored.position
      into latest
      from :schema.events as stored
     where stored.position > top - 2000
       and stored.position <= top
       and stored.tags @> _find_latest_match.tags
       and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
       and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'))
     order by stored.position desc
     limit 1;
    if latest is not null then
      return latest;
    end if;
    select max(found.position), count(*) > 1000
      into latest, is_frequent
      from (select stored.position
              from :schema.events as stored
             where stored.position + 0 > _find_latest_match.after
               and stored.position + 0 <= up_to
               and stored.tags @> _find_latest_match.tags
               and stored.tags <> '{}'
               and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
               and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'))
             limit 1001) as found;
    if is_frequent then
      select stored.position
        into latest
        from :schema.events as stored
       where stored.position > _find_latest_match.after
         and stored.position <= up_to
         and stored.tags @> _find_latest_match.tags
         and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
         and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'))
       order by stored.position desc
       limit 1;
    end if;
    return latest;
  end if;

  -- When most of the log is after the position, the index on tags alone is right: if nothing matches, fewer events have
  -- these tags than are after the position. "+ 0" keeps the index on positions out of the plan: it would be read until
  -- an event matches, and perhaps none does.
  if top - after >= after then
    select max(stored.position + 0)
      into latest
      from :schema.events as stored
     where stored.position + 0 > _find_latest_match.after
       and stored.tags @> _find_latest_match.tags
       and stored.tags <> '{}'
       and (_find_latest_match.types is null or stored.type = any (_find_latest_match.types))
       and (_find_latest_match.category is null or starts_with(stored.stream_id, _find_latest_match.category || '-'));
    return latest;
  end if;

  -- Otherwise the right plan depends on how rare the tags are. The query is planned each time with its values, which
  -- takes as long as looking at 600 events.
  execute $query$
    select max(stored.position + 0)
      from :schema.events as stored
     where stored.position > $4
       and stored.tags @> $1
       and stored.tags <> '{}'
       and ($2 is null or stored.type = any ($2))
       and ($3 is null or starts_with(stored.stream_id, $3 || '-'))$query$
     into latest using tags, types, category, after;
  return latest;
end
$$;
