-- Takes the message that comes next of any key that is due: as take_next, which needs a key. No row when none is due.
create or replace function :schema.take_due(consumer text, claim_ms double precision default 30000)
returns table (
  source text, key text, id bigint, sequence text, message_id text, previous text, lineage text, attributes jsonb,
  body bytea, content_type text, received_at timestamptz, attempts integer
) language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  due record;
begin
  loop
    select one.source, one.key into due
      from :schema.inbox as one
     where one.consumer = take_due.consumer and one.resume_at is not null and one.resume_at <= clock_timestamp()
     order by one.resume_at
     limit 1
       for no key update skip locked;
    if not found then return; end if;
    return query
      select due.source, due.key, taken.*
        from :schema.take_next(take_due.consumer, due.source, due.key, take_due.claim_ms) as taken;
    -- Without a row, the key is not due any more.
    if found then return; end if;
  end loop;
end
$$;
