-- Raises SQLSTATE 22023, or LF007 for an event that is too large, without a value of the event, for what append does not
-- take. Returns true.
--
-- The append functions call it for each event that their own quick test does not pass: lengths are counted in UTF-16
-- units, as the writers of the packages count them, and a text of 255 bytes has no more than 255 of these.
create or replace function :schema._validate_event(
  stream_id text, event_id text, event_type text, schema_version integer, data jsonb, metadata jsonb, tags text[]
) returns boolean language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  problem text;
  max_event_size integer;
  size constant integer := octet_length(data::text) + octet_length(metadata::text);
begin
  select named.kind || ' ' || named.problem
    into problem
    from (select id.kind, :schema._problem_of_id(id.value) as problem
            from (values ('stream id', stream_id), ('event id', event_id), ('event type', event_type)) as id (kind, value)
          union all
          select 'tag', :schema._problem_of_id(tag) from unnest(tags) as tag) as named
   where named.problem is not null
   limit 1;
  problem := coalesce(problem,
    case when schema_version is null or schema_version < 1 then 'schema version must be a whole number from 1'
         when data is null then 'data must not be null'
         when jsonb_typeof(metadata) is distinct from 'object' then 'metadata must be a JSON object'
         when tags is null then 'tags must not be null'
         when array_ndims(tags) > 1 then 'tags must be one list'
         when cardinality(tags) > 64 then 'an event has at most 64 tags' end);
  if problem is not null then
    raise exception '%', problem using errcode = '22023';
  end if;
  select log.max_event_size into max_event_size from :schema.log;
  if size > max_event_size then
    raise exception 'an event has more than % bytes of JSON, the limit of this log', max_event_size
      using errcode = 'LF007',
            detail = json_build_object('streamId', stream_id, 'bytes', size, 'limit', max_event_size)::text,
            hint = 'make it smaller, or let the owner raise max_event_size of :schema.log';
  end if;
  return true;
end
$$;
