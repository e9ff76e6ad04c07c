-- Whether all of these events, {key, position} each, are set aside. True for none, or null.
create or replace function :schema._are_parked(name text, version integer, slice integer, events jsonb)
returns boolean language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  select not exists (
    select from jsonb_to_recordset(events) as wanted (key text, position bigint)
     -- A count, which is one lookup for each: the plan of a join could read everything that the slice has parked.
     where 0 = (
             select count(*) from :schema.parked_events as parked
              where parked.name = _are_parked.name
                and parked.version = _are_parked.version
                and parked.slice = _are_parked.slice
                and parked.key = wanted.key
                and parked.position = wanted.position))
$$;
