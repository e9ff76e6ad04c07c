-- Reports for each request whether it may be appended, and if not, why. Arguments and results are as in _append_batch;
-- stream_version is the current version of each stream.
create or replace function :schema._check_requests(
  request_count integer, request_command_id text[], matched_position bigint[],
  stream_request integer[], stream_id text[], stream_expected_version bigint[], stream_version bigint[],
  event_request integer[], event_stream_id text[],
  :event_array_arguments(event_id, type, data),
  out request_status integer[], out request_stream integer[], out request_event_id text[], out request_match jsonb
) language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  -- An event without a command id is the same when stream, type and data are; with a command id it is enough that the
  -- event was appended to one of the request's streams by that command, since the rule may decide otherwise when it is
  -- run again. An event that only has the id that the command would give it is another one.
  with known as (
    select event.request,
           event.event_id,
           event.number,
           stored.event_id is not null as is_stored,
           case when request_command_id[event.request] is null
                then stored.stream_id = event.stream_id and stored.type = event.type and stored.data = event.data
                else coalesce(stored.metadata ->> 'commandId' = request_command_id[event.request], false)
                 and exists (select from unnest(stream_request, _check_requests.stream_id) as stream (request, id)
                              where stream.request = event.request and stream.id = stored.stream_id)
           end as is_same
      from rows from (unnest(event_request, event_stream_id),
                      :event_unnest(event_id, type, data))
           with ordinality as event (request, stream_id,
                                     :event_unnested(event_id, type, data), number)
      left join :schema.events as stored on stored.event_id = event.event_id
  ),
  ids as (
    select known.request,
           case when request_command_id[known.request] is null
                then bool_and(known.is_stored and known.is_same)
                else (array_agg(known.is_stored and known.is_same order by known.number))[1]
           end as is_duplicate,
           -- The first id that another event has; else an event of this request, which is in the log in part.
           coalesce((array_agg(known.event_id order by known.number)
                       filter (where known.is_stored and not known.is_same))[1],
                    (array_agg(known.event_id order by known.number) filter (where known.is_stored))[1]) as stored_id
      from known
     group by known.request
  ),
  mismatches as (
    select stream.request, min(stream.number)::integer as stream
      from unnest(stream_request, stream_expected_version, stream_version)
           with ordinality as stream (request, expected_version, version, number)
     where not case stream.expected_version when -1 then true
                                            when -2 then stream.version > 0
                                            else stream.expected_version = stream.version end
     group by stream.request
  )
  select array_agg(case when ids.is_duplicate then 2
                        when ids.stored_id is not null then 3
                        when mismatches.request is not null then 1
                        when matched_position[number] is not null then 4
                        else 0 end order by number),
         array_agg(mismatches.stream order by number),
         array_agg(ids.stored_id order by number),
         jsonb_agg((select jsonb_build_object('position', matched.position, 'type', matched.type,
                                              'streamId', matched.stream_id, 'tags', matched.tags)
                      from :schema.events as matched
                     where matched.position = matched_position[number]) order by number)
    from generate_series(1, request_count) as number
    left join ids on ids.request = number
    left join mismatches on mismatches.request = number
$$;
