-- Counts an attempt before it begins, and commits: for a message that may have ended its process before.
--
-- Returns the number of attempts that were counted, with this one; null when its key is blocked or it was handled.
create or replace function :schema.begin_attempt(consumer text, source text, key text, sequence text)
returns integer language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  counted integer;
begin
  perform :schema._assert_message(consumer, source, key, sequence, 'any', null, 'any');
  insert into :schema.inbox (consumer, source, key) values (consumer, source, key)
      on conflict on constraint inbox_pkey do nothing;
  update :schema.inbox as one
     set attempts = case when one.attempt_sequence = begin_attempt.sequence then one.attempts + 1 else 1 end,
         attempt_sequence = begin_attempt.sequence
   where one.consumer = begin_attempt.consumer
     and one.source = begin_attempt.source
     and one.key = begin_attempt.key
     and (one.sequence is null or one.sequence < begin_attempt.sequence)
     and one.blocked is null
  returning one.attempts into counted;
  return counted;
end
$$;
