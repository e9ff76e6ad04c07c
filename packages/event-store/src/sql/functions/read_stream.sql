-- Events of one stream, in the order of their versions. max_events null: all of them.
create or replace function :schema.read_stream(
  stream_id text, from_version bigint default 1, max_events integer default null
) returns setof :schema.events language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan
as $$
begin
  if stream_id is null or stream_id = '' then
    raise exception 'stream_id must be a text that is not empty' using errcode = '22023';
  end if;
  if from_version is null or from_version < 1 then
    raise exception 'from_version must be a version from 1' using errcode = '22023';
  end if;
  if max_events < 1 then
    raise exception 'max_events must be a whole number from 1, or null' using errcode = '22023';
  end if;
  return query
    select stored.*
      from :schema.events as stored
     where stored.stream_id = read_stream.stream_id
       and stored.stream_version >= from_version
     order by stored.stream_version
     limit max_events;
end
$$;
