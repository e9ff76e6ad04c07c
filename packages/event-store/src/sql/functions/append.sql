-- Appends events to one stream, all or none, and returns them as they are in the log.
--
-- events is a JSON array of objects with type and data, and optionally id, schemaVersion, metadata and tags.
-- expected_version is a version, 'any', 'no-stream' or 'stream-exists'. metadata is added to that of each event.
--
-- With command_id, events must have no id: a repeated command is found by the ids that are made from its own.
create or replace function :schema.append(
  stream_id text, events jsonb, expected_version text default 'any', metadata jsonb default '{}',
  command_id text default null
) returns table (event_id text, stream_version bigint, "position" bigint) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  expected_code constant bigint := :schema._parse_expected_version(expected_version);
  events_valid constant boolean := :schema._validate_events(events, metadata);
  event_count constant integer := jsonb_array_length(events);
  number_with_id bigint;
  sent record;
  answer record;
begin
  if coalesce(:schema._problem_of_id(stream_id), :schema._problem_of_id(coalesce(command_id, '-'))) is not null then
    raise exception '%', coalesce('stream_id ' || :schema._problem_of_id(stream_id),
                                  'command_id ' || :schema._problem_of_id(command_id)) using errcode = '22023';
  end if;

  if command_id is not null then
    select event.number into number_with_id
      from jsonb_array_elements(events) with ordinality as event (value, number)
     where event.value ? 'id'
     order by event.number
     limit 1;
    if found then
      raise exception 'event % has an "id", which is made from command_id when that is given', number_with_id
        using errcode = '22023', hint = 'leave out the "id", or command_id';
    end if;
  end if;

  select array_agg(coalesce(event.value ->> 'id', command_id || ':' || event.number, gen_random_uuid()::text)
                   order by event.number) as ids,
         array_agg(event.value ->> 'type' order by event.number) as types,
         array_agg(coalesce((event.value ->> 'schemaVersion')::integer, 1) order by event.number) as schema_versions,
         jsonb_agg(coalesce(event.value -> 'data', '{}') order by event.number) as data,
         jsonb_agg(append.metadata
                   || coalesce(event.value -> 'metadata', '{}')
                   || case when command_id is null then '{}' else jsonb_build_object('commandId', command_id) end
                   order by event.number) as metadata,
         array_agg(case when event.value ? 'tags'
                        then array(select jsonb_array_elements_text(event.value -> 'tags'))::text end
                   order by event.number) as tags
    into sent
    from jsonb_array_elements(events) with ordinality as event (value, number);

  if (select count(distinct id) from unnest(sent.ids) as id) < event_count then
    raise exception 'an event id occurs twice in one append'
      using errcode = 'LF002', hint = 'use an event id for one event only';
  end if;

  select appended.* into answer
    from :schema._append_batch_in_transaction(
           stream_request => array[1],
           stream_id => array[append.stream_id],
           stream_expected_version => array[expected_code],
           stream_event_count => array[event_count],
           event_id => sent.ids,
           event_type => sent.types,
           event_schema_version => sent.schema_versions,
           event_data => sent.data,
           event_metadata => sent.metadata,
           event_tags => sent.tags,
           request_command_id => array[command_id],
           check_event_ids => true) as appended;

  case answer.request_status[1]
    when 1 then
      raise exception 'stream "%" is at version %, expected %',
        stream_id, answer.stream_version[1], expected_version
        using errcode = 'LF001', hint = 'read it again and decide again';
    when 3 then
      raise exception 'event id "%" is already recorded for another event', answer.request_event_id[1]
        using errcode = 'LF002', hint = 'use an event id for one event only';
    else
  end case;

  -- Two statements, so that each can use the index on event ids.
  if command_id is null then
    return query
      select stored.event_id, stored.stream_version, stored.position
        from :schema.events as stored
       where stored.event_id = any (sent.ids)
       order by stored.position;
  else
    return query
      select stored.event_id, stored.stream_version, stored.position
        from :schema.events as stored
       where stored.event_id >= command_id || ':'
         and stored.event_id < command_id || ';'
         and stored.metadata ->> 'commandId' = command_id
       order by stored.position;
  end if;
end
$$;
