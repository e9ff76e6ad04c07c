-- Keeps what was delivered and is no message that the consumer can place, once, until an operator has looked at it.
create or replace function :schema.keep_unplaced(
  consumer text, attributes jsonb, body bytea, content_type text, problem text
) returns void language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.inbox_messages (consumer, source, key, attributes, body, content_type, problem)
  values (keep_unplaced.consumer, '',
          -- The same for what is delivered again.
          encode(sha256(convert_to(jsonb_build_array(keep_unplaced.attributes, keep_unplaced.content_type)::text, 'UTF8')
                        || keep_unplaced.body), 'hex'),
          keep_unplaced.attributes, keep_unplaced.body, keep_unplaced.content_type, keep_unplaced.problem)
      on conflict do nothing
$$;
