-- 0002-append · not breaking

-- Appends many requests in one statement. A request is one atomic append to one or more streams.
--
--   entry_*  one element for each stream of each request. entry_request numbers the requests from 1.
--            entry_expected is a version, -1 for 'any', -2 for 'stream-exists'. entry_events counts its events.
--   event_*  one element for each event, requests in order and entries in order within them. event_entry numbers the
--            entries from 1, event_offset counts from 1 within its entry. event_data and event_metadata are JSON arrays,
--            which Postgres reads in half the time of a jsonb[]. event_tags holds array literals.
--   request_command  command id of each request, or null.
--   check_event_ids  false: trust that no id is in the log yet. A known id then ends in a unique violation, after
--                    which the whole call is to be made again with true.
--   query_*  one element for each query of each request's condition: events behind query_after with all of query_tags
--            and any of query_types, both of them array literals, the latter null for any type at all. null when no
--            request has a condition.
--   patience_ms      how long to wait for a stream or a tag that another transaction is writing to, before SQLSTATE
--                    55P03 ends the call. 0: for as long as it takes.
--
-- event_tags may be null when no event has any: nothing is then done about tags.
--
-- request_status answers for each request: 0 appended, 1 the stream of request_entry was not as expected, 2 this
-- very request is in the log already, 3 request_event_id is in the log for another event, 4 the event at
-- request_match is one that must not be there.
--
-- No two requests of a call may share a stream, and none may have an event that a later one's condition asks about. A
-- unique violation means that another writer won a race: nothing of the call was appended. Made again, it sees the
-- winner's events.
create function :schema.append_batch(
  entry_request integer[], entry_stream text[], entry_expected bigint[], entry_events integer[],
  event_request integer[], event_entry integer[], event_offset integer[], event_stream text[],
  event_ids text[], event_type text[], event_schema_version integer[],
  event_data jsonb, event_metadata jsonb, event_tags text[],
  request_command text[], check_event_ids boolean,
  query_request integer[] default null, query_tags text[] default null, query_types text[] default null,
  query_after bigint[] default null, patience_ms integer default 0,
  out request_status integer[], out request_entry integer[], out request_event_id text[], out request_match bigint[],
  out entry_version bigint[], out event_position bigint[], out recorded_at timestamptz
) language plpgsql volatile
  -- No plan here depends on the values, and to plan anew for each call takes a third of a small one.
  set plan_cache_mode = force_generic_plan
as $$
declare
  request_count constant integer := entry_request[cardinality(entry_request)];
  refused integer[];
  -- Given their values by expressions, which take a third of the time of a statement.
  has_patience boolean;
  is_fenced boolean;
begin
  -- Each statement below must see what was committed before it began.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append needs isolation level read committed, this transaction has %',
      current_setting('transaction_isolation') using errcode = 'LF004';
  end if;

  if patience_ms > 0 then
    has_patience := set_config('lock_timeout', patience_ms::text, true) is not null;
  end if;

  -- Two requests must not each change what the other one checked. Requests that check lock all of their streams, in
  -- one order; writers of one stream are kept apart by the unique index alone.
  if 0 = any (entry_events) then
    perform case when locks.exclusive
                 then pg_advisory_xact_lock(':schema.event_position'::regclass::oid::integer, locks.key)
                 else pg_advisory_xact_lock_shared(':schema.event_position'::regclass::oid::integer, locks.key) end
       from (select hashtext(entry.stream_id) as key, bool_or(entry.events > 0) as exclusive
               from unnest(entry_request, entry_stream, entry_events) as entry (request, stream_id, events)
              where entry.request in (select checking.request
                                        from unnest(entry_request, entry_events) as checking (request, events)
                                       where checking.events = 0)
              group by 1
              order by 1) as locks;
  end if;

  if event_tags is not null or query_tags is not null then
    perform :schema.lock_tags(
              array(select unnest(event.tags::text[]) from unnest(event_tags) as event (tags)),
              array(select (query.tags::text[])[1] from unnest(query_tags) as query (tags)));
  end if;

  -- The fence, before the first position is drawn: while it is held, no reader goes beyond the sequence's value of
  -- this moment. Postgres lets go of it only after this transaction's rows are visible.
  is_fenced := pg_advisory_xact_lock_shared(
    ':schema.events'::regclass::oid::integer,
    (coalesce(pg_sequence_last_value(':schema.event_position'), 0) % 2147483648)::integer) is not null;

  select array_agg(coalesce(newest.stream_version, 0) order by entry.number)
    into entry_version
    from unnest(entry_stream) with ordinality as entry (stream_id, number)
    left join lateral (select stored.stream_version
                         from :schema.events as stored
                        where stored.stream_id = entry.stream_id
                        order by stored.stream_version desc
                        limit 1) as newest on true;

  -- What is not there now will not be there before this transaction ends: its tags are locked.
  if query_request is not null then
    select array_agg(found.position order by number)
      into request_match
      from generate_series(1, request_count) as number
      left join (select query.request,
                        max(:schema.newest_match(query.tags::text[], query.types::text[], query.after)) as position
                   from unnest(query_request, query_tags, query_types, query_after) as query (request, tags, types, after)
                  group by query.request) as found on found.request = number;
  end if;

  select array_agg(entry.request)
    into refused
    from unnest(entry_request, entry_expected, entry_version) as entry (request, expected, version)
   where request_match[entry.request] is not null
      or not case entry.expected when -1 then true when -2 then entry.version > 0 else entry.expected = entry.version end;

  if refused is not null or check_event_ids then
    select answer.request_status, answer.request_entry, answer.request_event_id
      into request_status, request_entry, request_event_id
      from :schema.judge_requests(
             request_count, entry_request, entry_stream, entry_expected, entry_version, event_request, event_stream,
             event_ids, event_type, event_data, request_command, request_match) as answer;
    refused := array(select status.request
                       from unnest(request_status) with ordinality as status (code, request)
                      where status.code <> 0);
  else
    refused := '{}';
  end if;

  recorded_at := clock_timestamp();
  -- Positions are drawn in the order of the input. Rows go in sorted by stream, so that two calls that race for
  -- several streams wait for each other and do not deadlock.
  with inserted as (
    insert into :schema.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
    select drawn.position, drawn.stream_id, entry_version[drawn.entry] + drawn.place, drawn.event_id, drawn.type,
           drawn.schema_version, drawn.data, drawn.metadata, coalesce(drawn.tags::text[], '{}'), append_batch.recorded_at
      from (select nextval(':schema.event_position') as position, event.*
              from rows from (unnest(event_request, event_entry, event_offset, event_stream, event_ids, event_type,
                                     event_schema_version, event_tags),
                              jsonb_array_elements(event_data), jsonb_array_elements(event_metadata))
                   as event (request, entry, place, stream_id, event_id, type, schema_version, tags, data, metadata)
             where event.request <> all (refused)) as drawn
     order by drawn.stream_id, drawn.position
    returning events.position
  )
  select array_agg(inserted.position order by inserted.position) into event_position from inserted;
end
$$;

-- Keeps the writers of a tag and the conditions that ask about it apart, until the end of the transaction: shared
-- locks on the tags that are written, those of all events to be appended, and exclusive ones on the tags that are
-- asked about, one for each query. An event that a query matches has all of its tags, so that one of them is enough.
--
-- To be called before the fence, so that nobody who waits here holds up readers, and before the first position is
-- drawn: what a condition did not find then has a higher position than the events of its append.
--
-- Tags share 512 locks. Two tags with one lock may wait for each other, and no more than that; a call of any size takes
-- so few that the server's lock table has room for some twenty of the largest. Taken in one order, and after those on
-- streams, they do not deadlock. A lock of one bigint is of another kind than the fence and the locks on streams,
-- which have two integers.
--
-- Always true, so that a statement can take the locks on its way.
create function :schema.lock_tags(written text[], asked text[]) returns boolean language plpgsql volatile as $$
begin
  perform case when locks.exclusive then pg_advisory_xact_lock(locks.key)
                                    else pg_advisory_xact_lock_shared(locks.key) end
     from (select (':schema.events'::regclass::oid::bigint << 32) + (hashtext(tagged.tag) & 511) as key,
                  bool_or(tagged.exclusive) as exclusive
             from (select tag, false as exclusive from unnest(written) as tag
                   union all
                   select tag, true from unnest(asked) as tag) as tagged
            group by 1
            order by 1) as locks;
  return true;
end
$$;

-- Position of the newest event behind `after` with all of the tags and any of the types; null when there is none.
--
-- The caller has locked the tags: an event that matches was given its position before that, or will not be seen.
create function :schema.newest_match(tags text[], types text[], after bigint) returns bigint
language plpgsql volatile
  -- A plan that is kept was perhaps made while the log was short.
  set enable_seqscan = off
as $$
declare
  top constant bigint := (select last_value from :schema.event_position);
  is_recent constant boolean := top - after <= 500;
  newest bigint;
begin
  -- Behind a recent position events are looked at one by one, the last of them first; behind an older one only a few
  -- of them, where events with a popular tag are soon found. Without "tags <> '{}'" no plan of this can use the index
  -- on tags.
  select max(stored.position)
    into newest
    from :schema.events as stored
   where stored.position > case when is_recent then newest_match.after else top - 50 end
     and stored.position <= top
     and stored.tags @> newest_match.tags
     and (newest_match.types is null or stored.type = any (newest_match.types));
  if newest is not null or is_recent then
    return newest;
  end if;

  -- With most of the log behind the position, the index on tags alone is right: where nothing matches, it has fewer
  -- events with these tags than the range of positions has events. "+ 0" keeps the index of positions out of the plan,
  -- which would be gone through until an event matches, and none may.
  if top - after >= after then
    select max(stored.position + 0)
      into newest
      from :schema.events as stored
     where stored.position + 0 > newest_match.after
       and stored.tags @> newest_match.tags
       and stored.tags <> '{}'
       and (newest_match.types is null or stored.type = any (newest_match.types));
    return newest;
  end if;

  -- Else it depends on how rare the tags are. Planned each time, with the values, which takes as long as looking at 600
  -- events.
  execute $query$
    select max(stored.position + 0)
      from :schema.events as stored
     where stored.position > $3
       and stored.tags @> $1
       and stored.tags <> '{}'
       and ($2 is null or stored.type = any ($2))$query$
     into newest using tags, types, after;
  return newest;
end
$$;

-- Tells for each request whether it may be appended, is in the log already, or has to be refused.
create function :schema.judge_requests(
  request_count integer, entry_request integer[], entry_stream text[], entry_expected bigint[], entry_version bigint[],
  event_request integer[], event_stream text[], event_ids text[], event_type text[], event_data jsonb,
  request_command text[], request_match bigint[],
  out request_status integer[], out request_entry integer[], out request_event_id text[]
) language sql stable as $$
  with known as (
    select event.request,
           event.event_id,
           event.number,
           stored.event_id is not null as stored,
           case when request_command[event.request] is null
                then stored.stream_id = event.stream_id and stored.type = event.type and stored.data = event.data
                else exists (select from unnest(entry_request, entry_stream) as entry (request, stream_id)
                              where entry.request = event.request and entry.stream_id = stored.stream_id)
           end as same
      from rows from (unnest(event_request, event_stream, event_ids, event_type), jsonb_array_elements(event_data))
           with ordinality as event (request, stream_id, event_id, type, data, number)
      left join :schema.events as stored on stored.event_id = event.event_id
  ),
  ids as (
    select known.request,
           case when request_command[known.request] is null
                then bool_and(known.stored and known.same)
                else (array_agg(known.stored and known.same order by known.number))[1]
           end as repeated,
           min(known.event_id) filter (where known.stored) as stored_id
      from known
     group by known.request
  ),
  mismatches as (
    select entry.request, min(entry.number)::integer as entry
      from unnest(entry_request, entry_expected, entry_version)
           with ordinality as entry (request, expected, version, number)
     where not case entry.expected when -1 then true when -2 then entry.version > 0 else entry.expected = entry.version end
     group by entry.request
  )
  select array_agg(case when ids.repeated then 2
                        when ids.stored_id is not null then 3
                        when mismatches.request is not null then 1
                        when request_match[number] is not null then 4
                        else 0 end order by number),
         array_agg(mismatches.entry order by number),
         array_agg(ids.stored_id order by number)
    from generate_series(1, request_count) as number
    left join ids on ids.request = number
    left join mismatches on mismatches.request = number
$$;

-- The same inside a transaction that must survive a lost race: made again in a subtransaction until nobody else wins.
create function :schema.append_batch_in_transaction(
  entry_request integer[], entry_stream text[], entry_expected bigint[], entry_events integer[],
  event_request integer[], event_entry integer[], event_offset integer[], event_stream text[],
  event_ids text[], event_type text[], event_schema_version integer[],
  event_data jsonb, event_metadata jsonb, event_tags text[],
  request_command text[], check_event_ids boolean,
  query_request integer[] default null, query_tags text[] default null, query_types text[] default null,
  query_after bigint[] default null,
  out request_status integer[], out request_entry integer[], out request_event_id text[], out request_match bigint[],
  out entry_version bigint[], out event_position bigint[], out recorded_at timestamptz
) language plpgsql volatile as $$
declare
  violated text;
  lost_to_ids integer := 0;
begin
  loop
    begin
      select answer.request_status, answer.request_entry, answer.request_event_id, answer.request_match,
             answer.entry_version, answer.event_position, answer.recorded_at
        into request_status, request_entry, request_event_id, request_match, entry_version, event_position, recorded_at
        from :schema.append_batch(
               entry_request, entry_stream, entry_expected, entry_events, event_request, event_entry, event_offset,
               event_stream, event_ids, event_type, event_schema_version, event_data, event_metadata, event_tags,
               request_command, check_event_ids, query_request, query_tags, query_types, query_after) as answer;
      return;
    exception when unique_violation then
      get stacked diagnostics violated = constraint_name;
      if violated not in ('events_stream_version_key', 'events_event_id_key') then raise; end if;
      if violated = 'events_event_id_key' then lost_to_ids := lost_to_ids + 1; end if;
      -- One id twice in a call would come back for ever.
      if lost_to_ids > 100 then raise; end if;
      check_event_ids := true;
    end;
  end loop;
end
$$;

-- One event to one stream, with no more work than that takes. event_position is null, and nothing happened, when the
-- stream is not as expected, or seemed not to be: append_batch then tells, and why.
--
-- A single statement looks up the version and inserts. That is enough here: a version that has been taken meanwhile
-- ends in a unique violation, and so does a known event id.
create function :schema.append_one(
  stream text, expected bigint, event_id text, type text, schema_version integer, data jsonb, metadata jsonb,
  tags text[], out entry_version bigint, out event_position bigint, out recorded_at timestamptz
) language plpgsql volatile as $$
declare
  -- The same locks and fence as in append_batch, one after the other. An expression takes a third of the time of a
  -- statement.
  tags_are_locked constant boolean := append_one.tags = '{}' or :schema.lock_tags(append_one.tags, null);
  is_fenced constant boolean := pg_advisory_xact_lock_shared(
    ':schema.events'::regclass::oid::integer,
    (coalesce(pg_sequence_last_value(':schema.event_position'), 0) % 2147483648)::integer) is not null;
begin
  -- "offset 0": the version is looked up once, for all who use it.
  insert into :schema.events as added
         (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
  select nextval(':schema.event_position'), stream, newest.stream_version + 1, append_one.event_id, append_one.type,
         append_one.schema_version, append_one.data, append_one.metadata, append_one.tags, clock_timestamp()
    from (select coalesce((select stored.stream_version
                             from :schema.events as stored
                            where stored.stream_id = stream
                            order by stored.stream_version desc
                            limit 1), 0) as stream_version
          offset 0) as newest
   where case expected when -1 then true when -2 then newest.stream_version > 0
                       else newest.stream_version = expected end
     and current_setting('transaction_isolation') = 'read committed'
  returning added.position, added.stream_version - 1, added.recorded_at
       into event_position, entry_version, recorded_at;
end
$$;
