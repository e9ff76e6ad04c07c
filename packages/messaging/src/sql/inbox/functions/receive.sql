-- Decides about a message, and moves the last message of its key to it when it is the next one. Called in the
-- transaction of the message's effects, before them unless this verdict is expected, and holds the row of the key until that
-- ends: of several processes with one message, one applies it.
--
-- verdict: apply: have the effects, and commit. duplicate: it was handled before; commit without effects. gap: a message
-- before it is missing. wait: earlier ones of the key are set aside. fork: the log of the source went back. After these
-- three, call set_aside, and commit. Then acknowledge the message, whatever the verdict was.
--
-- blocked: why messages of the key were set aside before, or null.
create or replace function :schema.receive(
  consumer text, source text, key text, sequence text, message_id text, previous text, lineage text,
  from_aside boolean default false, out verdict text, out blocked text
) returns record language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  known :schema.inbox%rowtype;
  is_former boolean;
  misses boolean;
begin
  -- The usual case, in one statement: the message after the last one, and none is set aside.
  update :schema.inbox as one
     set sequence = receive.sequence, message_id = receive.message_id, attempts = 0, attempt_sequence = null
   where one.consumer = receive.consumer
     and one.source = receive.source
     and one.key = receive.key
     and one.sequence = receive.previous
     and one.sequence < receive.sequence
     and one.lineage = receive.lineage
     and one.blocked is null
     and not one.unsure
     and receive.message_id <> '';
  if found then
    verdict := 'apply';
    return;
  end if;
  perform :schema._assert_message(consumer, source, key, sequence, message_id, previous, lineage);
  if from_aside is null then
    raise invalid_parameter_value using message = 'from_aside must be true or false';
  end if;

  loop
    select one.* into known
      from :schema.inbox as one
     where one.consumer = receive.consumer and one.source = receive.source and one.key = receive.key
       for no key update;
    exit when found;
    -- The first message of the key that the consumer sees. It may have begun later than the source.
    misses := :schema._misses(receive.consumer, receive.source, receive.previous);
    insert into :schema.inbox as one (consumer, source, key, sequence, message_id, lineage)
    values (receive.consumer, receive.source, receive.key,
            case when not misses then receive.sequence end, case when not misses then receive.message_id end, receive.lineage)
        on conflict on constraint inbox_pkey do nothing;
    if found then
      verdict := case when misses then 'gap' else 'apply' end;
      return;
    end if;
  end loop;

  blocked := known.blocked;
  is_former := receive.lineage = known.lineage or receive.lineage = any (known.former_lineages);
  if receive.sequence < known.sequence collate "C" then
    verdict := 'duplicate';
    if not is_former and not known.unsure and known.blocked is distinct from 'fork' then
      update :schema.inbox as one set unsure = true
       where one.consumer = receive.consumer and one.source = receive.source and one.key = receive.key;
    end if;
  elsif receive.sequence = known.sequence then
    verdict := case when known.message_id is null or known.message_id = receive.message_id then 'duplicate' else 'fork' end;
    -- The log that has another lineage has this message too: what follows it there can be applied.
    if verdict = 'duplicate' and not is_former and (known.unsure or known.blocked is distinct from 'fork') then
      update :schema.inbox as one
         set lineage = receive.lineage,
             former_lineages = :schema._with_former(known.former_lineages, known.lineage),
             unsure = false,
             blocked = case when known.blocked = 'fork' then 'gap' else known.blocked end,
             resume_at = case when known.blocked = 'fork' then clock_timestamp() else known.resume_at end
       where one.consumer = receive.consumer and one.source = receive.source and one.key = receive.key;
    end if;
  elsif not from_aside and known.blocked in ('failure', 'fork') then
    verdict := 'wait';
  elsif known.sequence is null then
    verdict := case when :schema._misses(receive.consumer, receive.source, receive.previous) then 'gap' else 'apply' end;
  elsif receive.previous = known.sequence then
    verdict := case when known.unsure then 'fork' else 'apply' end;
  elsif receive.previous < known.sequence collate "C" then
    verdict := 'fork';
  else
    verdict := 'gap';
  end if;

  if verdict = 'apply' then
    update :schema.inbox as one
       set sequence = receive.sequence,
           message_id = receive.message_id,
           lineage = receive.lineage,
           former_lineages = case when known.lineage = receive.lineage then known.former_lineages
                                  else :schema._with_former(known.former_lineages, known.lineage) end,
           unsure = false,
           attempts = 0,
           attempt_sequence = null,
           -- What is set aside is looked at as soon as this is committed, also when the process ends then.
           blocked = case when known.blocked is not null then 'gap' end,
           resume_at = case when known.blocked is not null then clock_timestamp() end,
           failed_sequence = null, failed_type = null, failed_code = null, failed_message = null, failed_at = null
     where one.consumer = receive.consumer and one.source = receive.source and one.key = receive.key;
  end if;
  if from_aside and verdict in ('apply', 'duplicate') then
    delete from :schema.inbox_messages as aside
     where aside.consumer = receive.consumer
       and aside.source = receive.source
       and aside.key = receive.key
       and aside.sequence = receive.sequence
       and md5(aside.message_id) = md5(receive.message_id);
  end if;
end
$$;
