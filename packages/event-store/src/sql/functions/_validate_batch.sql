-- Raises SQLSTATE 22023 unless the arguments of _append_batch fit together. What each event needs is checked when it is
-- inserted.
create or replace function :schema._validate_batch(
  stream_request integer[], stream_id text[], stream_expected_version bigint[], stream_event_count integer[],
  request_command_id text[], event_count integer,
  query_request integer[], query_tags text[], query_types text[], query_category text[], query_after bigint[],
  :event_array_arguments(event_id, type, schema_version, data, metadata, tags)
) returns void language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  stream_count constant integer := cardinality(stream_id);
  request_count constant integer := stream_request[stream_count];
  -- One event to one stream in each request, as group commits mostly have it: told by expressions alone. A stream that
  -- two requests name then violates its unique index.
  streams_fit boolean := 1 = all (stream_event_count) and -3 < all (stream_expected_version)
                         and 9007199254740991 >= all (stream_expected_version)
                         and stream_request[1] = 1 and request_count = stream_count
                         and request_count = cardinality(request_command_id)
                         and array_position(stream_id, null) is null;
begin
  if streams_fit then
    streams_fit := stream_request = array(select generate_series(1, stream_count));
  end if;
  if streams_fit is distinct from true then
    select count(*) = count(distinct stream.id)
           and count(*) = count(stream.request + stream.event_count)
           and bool_and(stream.request = 1 + coalesce(stream.previous, 0) or stream.request = stream.previous)
           and count(*) = count(*) filter (where stream.expected_version between -2 and 9007199254740991)
           and bool_and(stream.event_count >= 0)
           and max(stream.request) = request_count
           and request_count = cardinality(request_command_id)
      into streams_fit
      from (select one.id, one.request, one.expected_version, one.event_count, lag(one.request) over (order by one.number) as previous
              from unnest(stream_id, stream_request, stream_expected_version, stream_event_count) with ordinality
                   as one (id, request, expected_version, event_count, number)) as stream;
  end if;
  if streams_fit is distinct from true
     or array[cardinality(stream_request), cardinality(stream_expected_version), cardinality(stream_event_count)]
        <> array_fill(stream_count, array[3])
     or array[coalesce(cardinality(event_id), 0), coalesce(cardinality(event_type), 0),
              coalesce(cardinality(event_schema_version), 0), coalesce(jsonb_array_length(event_data), 0),
              coalesce(jsonb_array_length(event_metadata), 0), coalesce(cardinality(event_tags), event_count)]
        is distinct from array_fill(event_count, array[6])
     or array[cardinality(query_tags), cardinality(query_types), cardinality(query_category), cardinality(query_after)]
        is distinct from array_fill(cardinality(query_request), array[4])
  then
    raise exception 'the arguments of _append_batch do not fit together' using errcode = '22023';
  end if;
  if query_request is not null then
    if exists (select from unnest(query_request, query_tags, query_types, query_after) as query (request, tags, types, after)
              where query.request not between 1 and request_count
                 or query.request is null or query.tags is null or query.after is null
                 or query.after < 0 or cardinality(query.tags::text[]) not between 0 and 64
                 -- Plain lists: of another form, the first tag is not the one that is locked, and null matches no event.
                 or query.tags::text[] <> array(select tag from unnest(query.tags::text[]) as tag where tag is not null)
                 or query.types::text[] <> array(select type from unnest(query.types::text[]) as type where type is not null)
              ) then
      raise exception 'the queries of _append_batch do not fit together' using errcode = '22023';
    end if;
  end if;
end
$$;
