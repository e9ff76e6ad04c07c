-- What became of deadlines that were due: recorded as inputs, not open any more, or failed, to be tried again.
create or replace function :schema._settle_deadlines(process text, settled jsonb)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from :schema.process_deadlines as deadline
   using jsonb_to_recordset(_settle_deadlines.settled) as gone (id text, deadline text, number bigint, outcome text)
   where deadline.process = _settle_deadlines.process
     and deadline.id = gone.id
     and deadline.deadline = gone.deadline
     and deadline.number = gone.number
     and gone.outcome = 'over';
  update :schema.process_deadlines as deadline
     set fired_at = case one.outcome when 'fired' then clock_timestamp() end,
         attempts = deadline.attempts + (one.outcome = 'failed')::integer,
         failure = case one.outcome when 'failed' then left(one.failure, 2000) end,
         fire_at = case one.outcome when 'failed' then clock_timestamp() + one.retry_ms * interval '1 millisecond'
                   else deadline.fire_at end
    from jsonb_to_recordset(_settle_deadlines.settled)
      as one (id text, deadline text, number bigint, outcome text, retry_ms double precision, failure text)
   where deadline.process = _settle_deadlines.process
     and deadline.id = one.id
     and deadline.deadline = one.deadline
     and deadline.number = one.number
     and one.outcome in ('fired', 'failed');
$$;
