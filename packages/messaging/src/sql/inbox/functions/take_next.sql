-- Takes the message of a key that is set aside and comes next, if the key is due, and counts the attempt. No other
-- process takes it for claim_ms. No row when none comes next: then messages are missing, or none is left.
create or replace function :schema.take_next(consumer text, source text, key text, claim_ms double precision)
returns table (
  id bigint, sequence text, message_id text, previous text, lineage text, attributes jsonb, body bytea,
  content_type text, received_at timestamptz, attempts integer
) language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  known :schema.inbox%rowtype;
  next_message :schema.inbox_messages%rowtype;
  counted integer;
  newer text;
begin
  if (claim_ms between 0 and 31536000000) is not true then
    raise invalid_parameter_value using message = 'claim_ms must be a number of milliseconds from 0 to a year';
  end if;
  select one.* into known
    from :schema.inbox as one
   where one.consumer = take_next.consumer and one.source = take_next.source and one.key = take_next.key
     for no key update;
  if not found or known.resume_at is null or known.resume_at > clock_timestamp() then return; end if;
  -- The last message, which is set aside with another lineage: the log that has this lineage has it too.
  select aside.lineage into newer
    from :schema.inbox_messages as aside
   where aside.consumer = take_next.consumer
     and aside.source = take_next.source
     and aside.key = take_next.key
     and aside.given_up_at is null
     and aside.sequence = known.sequence
     and aside.message_id = known.message_id
     and aside.lineage <> known.lineage
     and not aside.lineage = any (known.former_lineages);
  if found then
    update :schema.inbox as one
       set lineage = newer,
           former_lineages = :schema._with_former(known.former_lineages, known.lineage),
           unsure = false
     where one.consumer = take_next.consumer and one.source = take_next.source and one.key = take_next.key;
  end if;
  -- Those that were delivered again and handled since.
  delete from :schema.inbox_messages as aside
   where aside.consumer = take_next.consumer
     and aside.source = take_next.source
     and aside.key = take_next.key
     and aside.given_up_at is null
     and (aside.sequence < known.sequence
          or aside.sequence = known.sequence and coalesce(known.message_id = aside.message_id, true));
  select aside.* into next_message
    from :schema.inbox_messages as aside
   where aside.consumer = take_next.consumer
     and aside.source = take_next.source
     and aside.key = take_next.key
     and aside.given_up_at is null
     and (known.sequence is null or aside.previous = known.sequence and aside.sequence > known.sequence)
   order by aside.sequence, aside.id
   limit 1;
  if not found then
    perform from :schema.inbox_messages as aside
      where aside.consumer = take_next.consumer
        and aside.source = take_next.source
        and aside.key = take_next.key
        and aside.given_up_at is null
      limit 1;
    update :schema.inbox as one
       set blocked = case when found then 'gap' end,
           blocked_at = case when not found then null
                             when known.blocked = 'gap' then known.blocked_at
                             else clock_timestamp() end,
           resume_at = null,
           failed_sequence = null, failed_type = null, failed_code = null, failed_message = null, failed_at = null
     where one.consumer = take_next.consumer and one.source = take_next.source and one.key = take_next.key;
    return;
  end if;
  update :schema.inbox as one
     set attempts = case when one.attempt_sequence = next_message.sequence then least(one.attempts, 2147483646) + 1 else 1 end,
         attempt_sequence = next_message.sequence,
         resume_at = clock_timestamp() + take_next.claim_ms * interval '1 millisecond'
   where one.consumer = take_next.consumer and one.source = take_next.source and one.key = take_next.key
  returning one.attempts into counted;
  return query select next_message.id, next_message.sequence, next_message.message_id, next_message.previous,
                      next_message.lineage, next_message.attributes, next_message.body, next_message.content_type,
                      next_message.received_at, counted;
end
$$;
