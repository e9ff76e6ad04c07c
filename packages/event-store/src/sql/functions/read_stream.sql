-- Events of one stream, in the order of their versions. max_events null: all of them.
create or replace function :schema.read_stream(
  stream_id text, from_version bigint default 1, max_events integer default null
) returns setof :schema.events language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select stored.*
    from :schema.events as stored
   where stored.stream_id = read_stream.stream_id
     and stored.stream_version >= from_version
   order by stored.stream_version
   limit max_events
$$;
