-- Gives up messages of a key that are set aside, up to a sequence or all of them. They are kept, with who gave them up
-- and why. What is left of the key goes on after them. Returns their number.
create or replace function :schema._give_up(
  consumer text, source text, key text, up_to text, given_up_by text, given_up_reason text
) returns integer language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  known :schema.inbox%rowtype;
  last_message :schema.inbox_messages%rowtype;
  given_up integer;
begin
  select one.* into known
    from :schema.inbox as one
   where one.consumer = _give_up.consumer and one.source = _give_up.source and one.key = _give_up.key
     for no key update;
  update :schema.inbox_messages as aside
     set given_up_at = clock_timestamp(),
         given_up_by = _give_up.given_up_by,
         given_up_reason = _give_up.given_up_reason
   where aside.consumer = _give_up.consumer
     and aside.source = _give_up.source
     and aside.key = _give_up.key
     and aside.given_up_at is null
     and (_give_up.up_to is null or aside.sequence <= _give_up.up_to);
  get diagnostics given_up = row_count;
  if given_up = 0 or source = '' then return given_up; end if;
  select aside.* into last_message
    from :schema.inbox_messages as aside
   where aside.consumer = _give_up.consumer
     and aside.source = _give_up.source
     and aside.key = _give_up.key
     and aside.given_up_at is not null
   order by aside.sequence desc, aside.id desc
   limit 1;
  update :schema.inbox as one
     set sequence = last_message.sequence,
         message_id = last_message.message_id,
         lineage = last_message.lineage,
         former_lineages = case when known.lineage = last_message.lineage then known.former_lineages
                                else :schema._with_former(known.former_lineages, known.lineage) end,
         unsure = false
   where one.consumer = _give_up.consumer and one.source = _give_up.source and one.key = _give_up.key
     and (one.sequence is null or one.sequence <= last_message.sequence);
  update :schema.inbox as one
     set attempts = 0,
         attempt_sequence = null,
         blocked = 'gap',
         blocked_at = clock_timestamp(),
         resume_at = clock_timestamp(),
         failed_sequence = null, failed_type = null, failed_code = null, failed_message = null, failed_at = null
   where one.consumer = _give_up.consumer and one.source = _give_up.source and one.key = _give_up.key;
  return given_up;
end
$$;
