-- The deadlines of a slice that are due, earliest first; when there are none, the next one. `due_in_ms` is 0 or less for one
-- that is due.
create or replace function :schema._due_deadlines(process text, slice integer, slices integer, most integer)
returns table (id text, deadline text, number bigint, metadata jsonb, attempts integer, due_in_ms double precision)
language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  now timestamptz := clock_timestamp();
begin
  return query
    select open.id, open.deadline, open.number, open.metadata, open.attempts,
           1000 * extract(epoch from open.fire_at - now)::double precision
      from :schema.process_deadlines as open
     where open.process = _due_deadlines.process
       and open.fired_at is null
       and open.fire_at <= now
       and (slices = 1 or :schema._slice_of(open.id, slices) = slice)
     order by open.fire_at
     limit most;
  if found then return; end if;
  return query
    select open.id, open.deadline, open.number, open.metadata, open.attempts,
           1000 * extract(epoch from open.fire_at - now)::double precision
      from :schema.process_deadlines as open
     where open.process = _due_deadlines.process
       and open.fired_at is null
       and open.fire_at > now
       and (slices = 1 or :schema._slice_of(open.id, slices) = slice)
     order by open.fire_at
     limit 1;
end
$$;
