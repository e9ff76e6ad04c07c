-- Raises SQLSTATE 22023 for the first event that is not as append takes it. Returns true.
create or replace function :schema._validate_events(events jsonb, metadata jsonb) returns boolean
language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  invalid record;
begin
  if jsonb_typeof(events) is distinct from 'array' then
    raise exception 'events must be a JSON array' using errcode = '22023';
  end if;
  if jsonb_array_length(events) > 10000 then
    raise exception 'an append has at most 10,000 events' using errcode = '22023';
  end if;
  if jsonb_typeof(metadata) is distinct from 'object' then
    raise exception 'metadata must be a JSON object' using errcode = '22023';
  end if;
  -- First of all, since everything else takes memory for the text.
  if :schema._problem_of_json(metadata) is not null then
    raise exception 'metadata %', :schema._problem_of_json(metadata) using errcode = '22023';
  end if;
  select event.number, :schema._problem_of_json(event.value) as problem
    into invalid
    from jsonb_array_elements(events) with ordinality as event (value, number)
   where :schema._problem_of_json(event.value) is not null
   order by event.number
   limit 1;
  if found then
    raise exception 'event % %', invalid.number, invalid.problem using errcode = '22023';
  end if;
  if octet_length(metadata::text) > 1048576 then
    raise exception 'metadata is larger than 1 MiB' using errcode = '22023';
  end if;
  -- Each event has a copy of the metadata.
  if octet_length(events::text) + jsonb_array_length(events) * octet_length(metadata::text)::bigint > 33554432 then
    raise exception 'an append has at most 32 MiB, with the metadata in each event' using errcode = '22023';
  end if;

  select checked.number, checked.problem
    into invalid
    from (select event.number,
                 case
                   when jsonb_typeof(event.value) <> 'object' then 'must be a JSON object'
                   when octet_length(event.value ->> 'data') + coalesce(octet_length(event.value ->> 'metadata'), 0)
                     > 1048576 then 'is larger than 1 MiB'
                   when jsonb_typeof(event.value -> 'type') is distinct from 'string' then 'needs a "type", a string'
                   when jsonb_typeof(event.value -> 'id') <> 'string' then 'has an "id" that is not a string'
                   when jsonb_typeof(event.value -> 'data') <> 'object' then 'has "data" that is not an object'
                   when jsonb_typeof(event.value -> 'schemaVersion') <> 'number'
                     or event.value ->> 'schemaVersion' !~ '^[1-9][0-9]{0,8}$'
                     then 'has a "schemaVersion" that is not a whole number from 1'
                   when jsonb_typeof(event.value -> 'metadata') <> 'object'
                     then 'has "metadata" that is not an object'
                   when jsonb_typeof(event.value -> 'tags') <> 'array'
                     or jsonb_path_exists(event.value -> 'tags', 'strict $[*] ? (@.type() <> "string")', silent => true)
                     then 'has "tags" that are not an array of strings'
                   when jsonb_array_length(event.value -> 'tags') > 64 then 'has more than 64 tags'
                   -- Misspelt tags would be none, and no condition on them would find the event.
                   when event.value - array['type', 'data', 'id', 'schemaVersion', 'metadata', 'tags'] <> '{}'
                     then 'has no member "'
                          || left((select min(member.name)
                                     from jsonb_object_keys(event.value) as member (name)
                                    where member.name not in ('type', 'data', 'id', 'schemaVersion', 'metadata', 'tags')),
                                  100)
                          || '"; it takes type, data, id, schemaVersion, metadata and tags'
                 end as problem
            from jsonb_array_elements(events) with ordinality as event (value, number)) as checked
   where checked.problem is not null
   order by checked.number
   limit 1;
  if found then
    raise exception 'event % %', invalid.number, invalid.problem using errcode = '22023';
  end if;
  return true;
end
$$;
