-- Gives up the events of a parked key up to a position, or all of them when it is null: they are not processed, and a
-- record says which, who decided it and why. What is left of the key is resumed. Returns the number of events, or null when the key
-- is not parked. Waits for the batch that is being written.
create or replace function :schema._give_up_parked(
  name text, version integer, key text, up_to bigint, reason text, given_up_by text
) returns bigint language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  given_up bigint := 0;
  found_one boolean := false;
  one record;
  gone bigint[];
begin
  if reason is null or length(reason) not between 1 and 2000 then
    raise exception 'reason must have 1 to 2000 characters' using errcode = '22023';
  end if;
  if given_up_by is null or length(given_up_by) not between 1 and 255 then
    raise exception 'given_up_by must have 1 to 255 characters' using errcode = '22023';
  end if;
  perform :schema._lock_subscription(_give_up_parked.name, _give_up_parked.version);
  for one in
    select *
      from :schema.parked_keys as parked
     where parked.name = _give_up_parked.name
       and parked.version = _give_up_parked.version
       and parked.key = _give_up_parked.key
  loop
    found_one := true;
    with deleted as (
      delete from :schema.parked_events as parked
       where parked.name = one.name
         and parked.version = one.version
         and parked.slice = one.slice
         and parked.key = one.key
         and (up_to is null or parked.position <= up_to)
      returning parked.position)
    select array_agg(deleted.position order by deleted.position) into gone from deleted;
    if gone is not null then
      given_up := given_up + cardinality(gone);
      insert into :schema.given_up_events
             (name, version, slice, key, positions, given_up_by, reason,
              failed_position, failed_type, failed_message, failed_at, release, attempts)
      values (one.name, one.version, one.slice, one.key, gone, _give_up_parked.given_up_by, _give_up_parked.reason,
              one.failed_position, one.failed_type, one.failed_message, one.failed_at, one.release, one.attempts);
    end if;
    update :schema.parked_keys as parked
       set resume_at = clock_timestamp()
     where parked.name = one.name
       and parked.version = one.version
       and parked.slice = one.slice
       and parked.key = one.key;
  end loop;
  return case when found_one then given_up end;
end
$$;
