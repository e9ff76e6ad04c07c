-- The deadlines of a slice that are due, earliest first; where there are fewer than `most`, also the next one. `due_in_ms` is
-- 0 or less for one that is due. Of an instance only its earliest open deadline is looked at, also while it waits for its
-- next attempt, so that deadlines of an instance are fired in the order of their due times.
create or replace function :schema._due_deadlines(process text, slice integer, slices integer, most integer)
returns table (id text, deadline text, number bigint, metadata jsonb, attempts integer, due_in_ms double precision)
language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  now timestamptz := clock_timestamp();
  found_rows integer;
begin
  most := greatest(most, 0);
  -- The earliest one by a scalar subquery: the planner could make an anti join out of `not exists`, which reads the
  -- deadlines of all instances. With coalesce no partial index fits: before the table has statistics, the planner would
  -- read all open deadlines of the process by one for each row, instead of those of the instance by the primary key.
  return query
    select open.id, open.deadline, open.number, open.metadata, open.attempts,
           1000 * extract(epoch from open.fire_at - now)::double precision
      from :schema.process_deadlines as open
     where open.process = _due_deadlines.process
       and open.fired_at is null
       and open.fire_at <= now
       and (slices <= 1 or :schema._slice_of(open.id, slices) = slice)
       and open.deadline = (select earliest.deadline
                              from :schema.process_deadlines as earliest
                             where earliest.process = open.process and earliest.id = open.id
                               and coalesce(earliest.fired_at, 'infinity') = 'infinity'
                             order by earliest.due_at, earliest.deadline
                             limit 1)
     order by open.fire_at
     limit most;
  get diagnostics found_rows = row_count;
  if found_rows >= most then return; end if;
  return query
    select open.id, open.deadline, open.number, open.metadata, open.attempts,
           1000 * extract(epoch from open.fire_at - now)::double precision
      from :schema.process_deadlines as open
     where open.process = _due_deadlines.process
       and open.fired_at is null
       and open.fire_at > now
       and (slices <= 1 or :schema._slice_of(open.id, slices) = slice)
       and open.deadline = (select earliest.deadline
                              from :schema.process_deadlines as earliest
                             where earliest.process = open.process and earliest.id = open.id
                               and coalesce(earliest.fired_at, 'infinity') = 'infinity'
                             order by earliest.due_at, earliest.deadline
                             limit 1)
     order by open.fire_at
     limit 1;
end
$$;
