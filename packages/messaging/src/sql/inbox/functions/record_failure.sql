-- Sets a message aside that failed, after its transaction was rolled back. It is tried again after retry_ms, or, when
-- that is null, only when an operator resumes its key.
--
-- False, and nothing is changed, when another process has handled the message since.
create or replace function :schema.record_failure(
  consumer text, source text, key text, sequence text, message_id text, previous text, lineage text,
  attributes jsonb, body bytea, content_type text,
  failed_type text, failed_code text, failed_message text, attempts integer, retry_ms double precision
) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  known :schema.inbox%rowtype;
begin
  perform :schema._assert_message(consumer, source, key, sequence, message_id, previous, lineage);
  if (attempts >= 0 and coalesce(retry_ms between 0 and 31536000000, retry_ms is null)) is not true then
    raise invalid_parameter_value using message = 'attempts must be a number from 0, and retry_ms one of milliseconds from 0 to a year, or null';
  end if;
  insert into :schema.inbox (consumer, source, key) values (consumer, source, key)
      on conflict on constraint inbox_pkey do nothing;
  select one.* into strict known
    from :schema.inbox as one
   where one.consumer = record_failure.consumer
     and one.source = record_failure.source
     and one.key = record_failure.key
     for no key update;
  if record_failure.sequence <= known.sequence collate "C" then return false; end if;
  perform :schema._keep_aside(
    consumer, source, key, sequence, message_id, previous, lineage, attributes, body, content_type);
  update :schema.inbox as one
     set blocked = 'failure',
         blocked_at = case when known.blocked = 'failure' then known.blocked_at else clock_timestamp() end,
         resume_at = clock_timestamp() + record_failure.retry_ms * interval '1 millisecond',
         attempts = record_failure.attempts,
         attempt_sequence = record_failure.sequence,
         failed_sequence = record_failure.sequence,
         failed_type = record_failure.failed_type,
         failed_code = record_failure.failed_code,
         failed_message = record_failure.failed_message,
         failed_at = clock_timestamp()
   where one.consumer = record_failure.consumer
     and one.source = record_failure.source
     and one.key = record_failure.key
     and one.blocked is distinct from 'fork';
  return true;
end
$$;
