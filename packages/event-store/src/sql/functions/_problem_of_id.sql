-- Why a text cannot be a stream id, an event id, an event type or a tag; null when it can.
create or replace function :schema._problem_of_id(value text) returns text language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case when value is null then 'must not be null'
              when value = '' then 'must be a text that is not empty'
              -- A UTF-16 unit has at most three bytes. A text of megabytes would take seconds below.
              when octet_length(value) > 3 * 255 then 'has more than 255 characters'
              -- Characters beyond U+FFFF are two UTF-16 units.
              when char_length(value)
                   + char_length(regexp_replace(value, E'[\\u0001-\\uffff]', '', 'g')) > 255
                then 'has more than 255 characters'
              when value ~ E'[\\u0001-\\u001f\\u007f]' then 'has a control character; remove it' end
$$;
