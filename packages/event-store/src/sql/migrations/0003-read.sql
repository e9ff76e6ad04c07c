-- 0003-read · not breaking

-- The position at or below which nothing can appear any more, and whether an append is under way that holds it back.
--
-- It is always the position of an event, or 0. Positions that were drawn and rolled back are forgotten by a crash of
-- the server and drawn again after it: nobody may be told that they are settled.
--
-- Whoever reads events up to it must do so in a LATER statement, with a newer snapshot: in the same statement the
-- snapshot is older than the mark, and events are lost. A mark once given stays true; the next one may be lower for
-- a moment, when a writer took its fence late.
create function :schema.settled_mark(out settled bigint, out pending boolean) language plpgsql volatile as $$
declare
  top bigint;
  lowest bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'reading the log needs isolation level read committed, this transaction has %',
      current_setting('transaction_isolation') using errcode = 'LF004';
  end if;
  if pg_is_in_recovery() then
    raise exception 'a standby does not see the fences of the primary''s writers'
      using errcode = 'LF005', hint = 'connect to the primary';
  end if;

  select case when is_called then last_value else 0 end into top from :schema.event_position;

  -- A fence carries the lower 31 bits of the sequence's value. It lies behind the top, by up to two thousand million
  -- positions, or was taken since the statement above. To take one of those for one far behind only delays a reader;
  -- the opposite would lose an event, so few are taken for ahead.
  select min(top + case when ahead.by < 16777216 then ahead.by else ahead.by - 2147483648 end)
    into lowest
    from pg_locks as fence,
         lateral (select (((fence.objid::bigint - top) % 2147483648) + 2147483648) % 2147483648 as by) as ahead
   where fence.locktype = 'advisory'
     and fence.database = (select oid from pg_database where datname = current_database())
     and fence.classid = ':schema.events'::regclass::oid
     and fence.objsubid = 2;

  pending := coalesce(lowest < top, false);

  -- Another statement, with a newer snapshot: whoever has let go of a fence by now is visible.
  select coalesce(max(stored.position), 0)
    into settled
    from :schema.events as stored
   where stored.position <= least(top, lowest);
end
$$;

create function :schema.settled_position() returns bigint language plpgsql volatile as $$
begin
  return (select mark.settled from :schema.settled_mark() as mark);
end
$$;

-- Events behind a position, in the order of the log, settled ones only.
create function :schema.read_all(
  after bigint default 0, max_events integer default 1000, types text[] default null, category text default null,
  with_tags text[] default null
) returns setof :schema.events language plpgsql volatile as $$
declare
  settled bigint;
begin
  settled := :schema.settled_position();
  -- A statement of its own: its snapshot is newer than the mark.
  return query
    select stored.*
      from :schema.events as stored
     where stored.position > after
       and stored.position <= settled
       and (types is null or stored.type = any (types))
       and (category is null or starts_with(stored.stream_id, category || '-'))
       and (with_tags is null or stored.tags @> with_tags)
     order by stored.position
     limit max_events;
end
$$;

-- Events of one stream, oldest first.
create function :schema.read_stream(
  stream text, from_version bigint default 1, max_events integer default null
) returns setof :schema.events language sql stable as $$
  select stored.*
    from :schema.events as stored
   where stored.stream_id = stream
     and stored.stream_version >= from_version
   order by stored.stream_version
   limit max_events
$$;

-- Appends events to one stream, all or none. `events` is a JSON array of {type, data} with, as one likes, id,
-- schemaVersion, metadata and tags. `expected` is a version, 'any', 'no-stream' or 'stream-exists'.
create function :schema.append(
  stream text, events jsonb, expected text default 'any', metadata jsonb default '{}', command_id text default null
) returns table (event_id text, stream_version bigint, "position" bigint) language plpgsql volatile as $$
declare
  ids text[];
  amount constant integer := jsonb_array_length(events);
  answer record;
begin
  select array_agg(coalesce(event.value ->> 'id', command_id || ':' || event.number, gen_random_uuid()::text)
                   order by event.number)
    into ids
    from jsonb_array_elements(events) with ordinality as event (value, number);

  select appended.* into answer
    from :schema.append_batch_in_transaction(
           array[1], array[stream],
           array[case expected when 'any' then -1 when 'no-stream' then 0 when 'stream-exists' then -2
                               else expected::bigint end],
           array[amount],
           array_fill(1, array[amount]), array_fill(1, array[amount]),
           array(select generate_series(1, amount)), array_fill(stream, array[amount]), ids,
           array(select value ->> 'type' from jsonb_array_elements(events) with ordinality as e (value, n) order by n),
           array(select coalesce((value ->> 'schemaVersion')::integer, 1)
                   from jsonb_array_elements(events) with ordinality as e (value, n) order by n),
           (select jsonb_agg(coalesce(value -> 'data', '{}') order by n)
              from jsonb_array_elements(events) with ordinality as e (value, n)),
           (select jsonb_agg(append.metadata
                             || case when command_id is null then '{}' else jsonb_build_object('commandId', command_id) end
                             || coalesce(value -> 'metadata', '{}') order by n)
              from jsonb_array_elements(events) with ordinality as e (value, n)),
           array(select case when value ? 'tags'
                             then array(select jsonb_array_elements_text(value -> 'tags'))::text end
                   from jsonb_array_elements(events) with ordinality as e (value, n) order by n),
           array[command_id], true) as appended;

  case answer.request_status[1]
    when 1 then
      raise exception 'stream "%" is at version %, expected %', stream, answer.entry_version[1], expected
        using errcode = 'LF001', hint = 'read it again and decide again';
    when 3 then
      raise exception 'event id "%" is already in the log for another event', answer.request_event_id[1]
        using errcode = 'LF002', hint = 'an id names one event for ever';
    else
  end case;

  return query
    select stored.event_id, stored.stream_version, stored.position
      from :schema.events as stored
     where case when command_id is null then stored.event_id = any (ids)
                else stored.event_id >= command_id || ':' and stored.event_id < command_id || ';'
                     and stored.metadata ->> 'commandId' = command_id end
     order by stored.position;
end
$$;
