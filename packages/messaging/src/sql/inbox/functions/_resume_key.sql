-- Has the messages of a blocked key looked at now. One that waits for missing messages, or whose source went back, only
-- with skip_missing: the first message that is set aside is then taken for the next one.
--
-- Returns why the key was blocked; null when it is not.
create or replace function :schema._resume_key(consumer text, source text, key text, skip_missing boolean)
returns text language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  known :schema.inbox%rowtype;
  first_message :schema.inbox_messages%rowtype;
begin
  select one.* into known
    from :schema.inbox as one
   where one.consumer = _resume_key.consumer and one.source = _resume_key.source and one.key = _resume_key.key
     for no key update;
  if not found or known.blocked is null then return null; end if;
  if known.blocked <> 'failure' and known.resume_at is null and skip_missing then
    select aside.* into first_message
      from :schema.inbox_messages as aside
     where aside.consumer = _resume_key.consumer
       and aside.source = _resume_key.source
       and aside.key = _resume_key.key
       and aside.given_up_at is null
     order by aside.sequence, aside.id
     limit 1;
    if found then
      update :schema.inbox as one
         set sequence = first_message.previous,
             message_id = null,
             lineage = first_message.lineage,
             former_lineages = :schema._with_former(known.former_lineages, known.lineage),
             unsure = false
       where one.consumer = _resume_key.consumer and one.source = _resume_key.source and one.key = _resume_key.key;
    end if;
  end if;
  if known.blocked = 'failure' or skip_missing then
    update :schema.inbox as one
       set attempts = 0,
           blocked = case when known.blocked = 'fork' then 'gap' else known.blocked end,
           resume_at = clock_timestamp()
     where one.consumer = _resume_key.consumer and one.source = _resume_key.source and one.key = _resume_key.key;
  end if;
  return known.blocked;
end
$$;
