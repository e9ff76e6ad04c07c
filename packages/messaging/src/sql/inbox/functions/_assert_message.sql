-- Refuses what is no message: by a comparison with null it would be taken for a new one, or for one that was handled.
create or replace function :schema._assert_message(
  consumer text, source text, key text, sequence text, message_id text, previous text, lineage text
) returns void language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (length(consumer) between 1 and 255 and length(source) between 1 and 255 and length(key) between 1 and 300
      and sequence ~ '^[0-9]{16}(\.[0-9]{3,16})?$' and message_id <> '' and lineage <> ''
      and coalesce(previous ~ '^[0-9]{16}(\.[0-9]{3,16})?$' and previous < sequence collate "C", previous is null))
     is not true then
    raise invalid_parameter_value using message = 'a message has a consumer and a source of 1 to 255 characters, a key of 1 to 300, a sequence of 16 digits, an id, a lineage, and a previous sequence before its own, or null; give keep_unplaced() what has not';
  end if;
end
$$;
