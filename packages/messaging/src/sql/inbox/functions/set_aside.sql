-- Sets a message aside, in the transaction in which receive gave the verdict gap, wait or fork for it.
create or replace function :schema.set_aside(
  consumer text, source text, key text, sequence text, message_id text, previous text, lineage text, verdict text,
  attributes jsonb, body bytea, content_type text
) returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
  perform :schema._assert_message(consumer, source, key, sequence, message_id, previous, lineage);
  if (verdict in ('gap', 'wait', 'fork')) is not true then
    raise invalid_parameter_value using message = 'set_aside() takes the verdict gap, wait or fork';
  end if;
  insert into :schema.inbox (consumer, source, key) values (consumer, source, key)
      on conflict on constraint inbox_pkey do nothing;
  perform :schema._keep_aside(
    consumer, source, key, sequence, message_id, previous, lineage, attributes, body, content_type);
  update :schema.inbox as one
     set blocked = case when set_aside.verdict = 'wait' then 'gap' else set_aside.verdict end,
         blocked_at = clock_timestamp(),
         -- What it waited for is done when nothing blocks the key any more.
         resume_at = case when set_aside.verdict = 'wait' then clock_timestamp() end,
         failed_sequence = case when set_aside.verdict = 'fork' then set_aside.sequence end,
         failed_type = null,
         failed_code = null,
         failed_message = null,
         failed_at = case when set_aside.verdict = 'fork' then clock_timestamp() end
   where one.consumer = set_aside.consumer
     and one.source = set_aside.source
     and one.key = set_aside.key
     and (set_aside.verdict = 'fork' and one.blocked is distinct from 'fork'
          or set_aside.verdict <> 'fork' and one.blocked is null);
end
$$;
