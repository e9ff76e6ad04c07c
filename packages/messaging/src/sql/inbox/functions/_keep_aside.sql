-- Keeps a message that is set aside, once. One that comes again with a lineage that its key does not know takes the place of
-- the first: the message is then known to be in the log that has this lineage.
create or replace function :schema._keep_aside(
  consumer text, source text, key text, sequence text, message_id text, previous text, lineage text,
  attributes jsonb, body bytea, content_type text
) returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
  insert into :schema.inbox_messages
    (consumer, source, key, sequence, message_id, previous, lineage, attributes, body, content_type)
  values (consumer, source, key, sequence, message_id, previous, lineage, attributes, body, content_type)
      on conflict do nothing;
  if found then return; end if;
  update :schema.inbox_messages as aside
     set previous = _keep_aside.previous,
         lineage = _keep_aside.lineage,
         attributes = _keep_aside.attributes,
         body = _keep_aside.body,
         content_type = _keep_aside.content_type
   where aside.consumer = _keep_aside.consumer
     and aside.source = _keep_aside.source
     and aside.key = _keep_aside.key
     and aside.sequence = _keep_aside.sequence
     and md5(aside.message_id) = md5(_keep_aside.message_id)
     and aside.given_up_at is null
     and aside.lineage <> _keep_aside.lineage
     and not exists (select from :schema.inbox as known
                      where known.consumer = _keep_aside.consumer
                        and known.source = _keep_aside.source
                        and known.key = _keep_aside.key
                        and (known.lineage = _keep_aside.lineage
                             or _keep_aside.lineage = any (known.former_lineages)));
end
$$;
