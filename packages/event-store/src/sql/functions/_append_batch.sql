-- Appends many requests in one call. A request is one atomic append to one or more streams.
--
-- Arguments:
--   stream_*         one element for each stream of each request. stream_request numbers the requests from 1.
--                    stream_expected_version is a version, -1 for 'any' or -2 for 'stream-exists'. stream_event_count
--                    is the number of events of that stream in the request.
--   event_*          one element for each event, in the order of the streams: the columns described in
--                    event-columns.ts. JSON columns are one JSON array each, which Postgres reads
--                    in half the time of a jsonb[]. event_tags holds array literals; null when no event has tags, and
--                    then no tags are locked.
--   request_command_id  command id of each request, or null.
--   check_event_ids  false: assume that no event id is in the log yet. A known id then raises a unique violation, and
--                    the caller repeats the whole call with true.
--   query_*          one element for each query of each request's condition: it matches events after query_after that
--                    have all of query_tags and any of query_types, in streams of query_category. The first two are
--                    array literals; '{}' for the tags, and null for the others, match every event. null when no request
--                    has a condition.
--   lock_timeout_ms  how long to wait for a stream or a tag that another transaction writes to before SQLSTATE 55P03.
--                    0 waits without a limit.
--   lineage          the lineage of the log that the requests rest on; null: of any.
--   applied_inline   the projections that the transaction applies to the events, as far as they are inline: the identities
--                    of inline_projections.
--
-- Results: request_status is, for each request, 0 appended; 1 stream request_stream is not at the expected version;
-- 2 the same request is in the log already; 3 request_event_id is in the log for another event; 4 an event matches the
-- condition, and the newest one that does is in request_match: its position, type, streamId and tags; 5, for all
-- requests, the log has another lineage now; 6, for all requests, a projection that is inline would miss events:
-- _demote_inline_projections, then repeat the call. stream_version is the version of each stream before the call.
--
-- No two requests of a call may name the same stream, and no request may have events that the condition of another one
-- matches. A unique violation means that another writer appended first and that nothing of the call was appended; when
-- the call is repeated, it sees the other writer's events.
create or replace function :schema._append_batch(
  stream_request integer[], stream_id text[], stream_expected_version bigint[], stream_event_count integer[],
  request_command_id text[], check_event_ids boolean,
  :event_array_arguments,
  query_request integer[] default null, query_tags text[] default null, query_types text[] default null,
  query_category text[] default null, query_after bigint[] default null,
  lock_timeout_ms integer default 0, lineage text default null,
  applied_inline text[] default '{}',
  out request_status integer[], out request_stream integer[], out request_event_id text[], out request_match jsonb,
  out stream_version bigint[], out event_position bigint[], out recorded_at timestamptz
) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  -- No plan here depends on the values, and planning each statement again takes a third of a small call.
  set plan_cache_mode = force_generic_plan
as $$
declare
  request_count constant integer := stream_request[cardinality(stream_request)];
  -- Of each event: its request, the number of its stream from 1, its number within the stream from 1, the stream's id.
  event_request integer[];
  event_stream integer[];
  event_index integer[];
  event_stream_id text[];
  not_appended integer[];
  refusal integer;
  -- Of each request: the position of the newest event that matches its condition, or null.
  matched_position bigint[];
  -- Assigned by expressions, which take a third of the time of a statement.
  append_locked boolean;
  type_locked boolean;
  inline_locked boolean;
  lock_timeout_set boolean;
  writer_locked boolean;
  -- Whether a query matches events of any type, with or without tags.
  queries_all boolean := false;
begin
  -- Each statement below must see what was committed before it began.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append needs isolation level read committed, this transaction has %',
      current_setting('transaction_isolation') using errcode = 'LF004';
  end if;

  if 1 = all (stream_event_count) and request_count = cardinality(stream_id) then
    event_request := stream_request;
    event_stream := stream_request;
    event_index := stream_event_count;
    event_stream_id := stream_id;
  else
    -- Before the numbers are expanded: one that no event is there for could otherwise fill the memory of the server.
    if (select sum(greatest(event_count, 0)) from unnest(stream_event_count) as event_count)
         > coalesce(cardinality(event_id), 0) then
      raise exception 'the arguments of _append_batch do not fit together' using errcode = '22023';
    end if;
    select array_agg(event.request), array_agg(event.stream), array_agg(event.index), array_agg(event.stream_id)
      into event_request, event_stream, event_index, event_stream_id
      from (select stream.request, stream.number::integer as stream, index, stream.id as stream_id
              from unnest(stream_request, stream_id, stream_event_count)
                   with ordinality as stream (request, id, event_count, number)
             cross join generate_series(1, stream.event_count) as index
             order by stream.number, index) as event;
  end if;
  perform :schema._validate_batch(
            stream_request, stream_id, stream_expected_version, stream_event_count, request_command_id,
            coalesce(cardinality(event_request), 0), query_request, query_tags, query_types, query_category, query_after,
            :event_passed(event_id, type, schema_version, data, metadata, tags));

  -- Which projections are inline does not change between the check below and the end of this transaction: none becomes
  -- inline while an append holds the append lock, and none that this one applies ceases to be while it holds the inline
  -- lock. Both are taken before other transactions can wait for this one, and before the first position is drawn.
  --
  -- A query that every event can match needs the append lock alone: it waits for all appends, and blocks others.
  if query_request is not null then
    queries_all := exists (select from unnest(query_tags, query_types) as query (tags, types)
                            where query.tags::text[] = '{}' and query.types is null);
  end if;
  if queries_all then
    if lock_timeout_ms > 0 then
      lock_timeout_set := set_config('lock_timeout', lock_timeout_ms::text, true) is not null;
    end if;
    append_locked := pg_advisory_xact_lock(hashtextextended(':schema appends', 0)) is not null;
  else
    append_locked := pg_advisory_xact_lock_shared(hashtextextended(':schema appends', 0)) is not null;
  end if;
  if applied_inline <> '{}' then
    inline_locked := pg_advisory_xact_lock_shared(hashtextextended(':schema inline projections', 0)) is not null;
  end if;

  if lock_timeout_ms > 0 then
    lock_timeout_set := set_config('lock_timeout', lock_timeout_ms::text, true) is not null;
  end if;

  if 0 = any (stream_event_count) then
    perform :schema._lock_streams(stream_request, stream_id, stream_event_count);
  end if;

  -- Without tags and conditions, as _lock_tags_and_types does it, in a third of its time or less.
  if event_tags is null and query_tags is null and event_type[1] = all (event_type) then
    type_locked := pg_advisory_xact_lock_shared(
      (':schema.events'::regclass::oid::bigint << 32) + 512 + (hashtext(event_type[1]) & 63)) is not null;
  elsif event_tags is null and query_tags is null then
    perform pg_advisory_xact_lock_shared(lock.key)
       from (select (':schema.events'::regclass::oid::bigint << 32) + 512 + (hashtext(type) & 63) as key
               from unnest(event_type) as type
              group by 1
              order by 1) as lock;
  else
    perform :schema._lock_tags_and_types(
              written_tags => array(select unnest(event.tags::text[]) from unnest(event_tags) as event (tags)),
              written_types => event_type,
              queried_tags => array(select (query.tags::text[])[1] from unnest(query_tags) as query (tags)
                                     where query.tags::text[] <> '{}'),
              queried_types => array(select unnest(query.types::text[])
                                       from unnest(query_tags, query_types) as query (tags, types)
                                      where query.tags::text[] = '{}'));
  end if;

  -- The writer lock, before the first position is drawn: while it is held, no reader reads past the sequence's value of
  -- this moment. Postgres releases it after the rows of this transaction are visible.
  writer_locked := pg_advisory_xact_lock_shared(
    ':schema.events'::regclass::oid::integer,
    (coalesce(pg_sequence_last_value(':schema.event_position'::regclass), 0) % 2147483648)::integer) is not null;

  refusal := (select case when _append_batch.lineage <> now.lineage then 5
                          when exists (select from :schema.inline_projections as inline
                                        where inline.event_types && event_type
                                          and inline.identity <> all (applied_inline)) then 6 end
                from :schema.lineage as now);
  if refusal is not null then
    request_status := array_fill(refusal, array[request_count]);
    return;
  end if;

  select array_agg(coalesce(latest.stream_version, 0) order by stream.number)
    into stream_version
    from unnest(stream_id) with ordinality as stream (stream_id, number)
    left join lateral (select stored.stream_version
                         from :schema.events as stored
                        where stored.stream_id = stream.stream_id
                        order by stored.stream_version desc
                        limit 1) as latest on true;

  -- What the queries match is locked: an event that does not match now will not match before this transaction ends.
  if query_request is not null then
    matched_position := :schema._find_latest_matches(
      request_count, query_request, query_tags, query_types, query_category, query_after);
  end if;

  select array_agg(stream.request)
    into not_appended
    from unnest(stream_request, stream_expected_version, stream_version) as stream (request, expected_version, version)
   where matched_position[stream.request] is not null
      or not case stream.expected_version when -1 then true
                                          when -2 then stream.version > 0
                                          else stream.expected_version = stream.version end;

  if not_appended is not null or check_event_ids then
    select answer.request_status, answer.request_stream, answer.request_event_id, answer.request_match
      into request_status, request_stream, request_event_id, request_match
      from :schema._check_requests(
             request_count => request_count,
             request_command_id => request_command_id, matched_position => matched_position,
             stream_request => stream_request, stream_id => stream_id,
             stream_expected_version => stream_expected_version, stream_version => stream_version,
             event_request => event_request, event_stream_id => event_stream_id,
             :event_passed(event_id, type, data)) as answer;
    not_appended := array(select status.request
                            from unnest(request_status) with ordinality as status (code, request)
                           where status.code <> 0);
  else
    not_appended := '{}';
  end if;

  recorded_at := clock_timestamp();
  -- Positions are drawn in the order of the input. Rows are inserted in the order of their streams, so that two calls
  -- that write the same streams wait for each other and do not deadlock.
  with inserted as (
    insert into :schema.events
           (position, stream_id, stream_version, recorded_at,
            :event_columns)
    select event.position, event.stream_id, stream_version[event.stream] + event.index, _append_batch.recorded_at,
           :event_elements
      from (select nextval(':schema.event_position'::regclass) as position, element.*
              from rows from (unnest(event_request, event_stream, event_index, event_stream_id),
                              :event_unnest)
                   as element (request, stream, index, stream_id,
                               :event_unnested)
             where element.request <> all (not_appended)
                -- As in _append_one.
                and (coalesce(
                       octet_length(element.stream_id) <= 255 and element.stream_id <> ''
                       and octet_length(element.event_id) <= 255 and element.event_id <> ''
                       and octet_length(element.type) <= 255 and element.type <> ''
                       and (element.stream_id || element.event_id || element.type || coalesce(element.tags, '')) !~ E'[\\u0001-\\u001f\\u007f]'
                       and element.schema_version > 0 and element.data is not null
                       and octet_length(element.data::text) + octet_length(element.metadata::text) <= 2097152
                       and jsonb_typeof(element.metadata) = 'object'
                       -- One plain list of at most 64 tags, none of which is empty or null.
                       and (element.tags is null
                            or octet_length(element.tags) <= 128
                               and element.tags !~* '^[^{]|.[{]|""|null'), false)
                     or :schema._validate_event(
                          element.stream_id, element.event_id, element.type, element.schema_version, element.data,
                          element.metadata, coalesce(element.tags::text[], '{}')))) as event
     order by event.stream_id, event.position
    returning events.position
  )
  select array_agg(inserted.position order by inserted.position) into event_position from inserted;
end
$$;
