-- Divides a subscription among the wanted number of slices, when all of its slices are at one position: what is before is
-- processed, whatever slice it was of.
-- A slice that is stopped is tried again. False, and nothing is changed, when they are not, or another transaction is
-- changing one of them. Former owners are fenced.
create or replace function :schema._divide_subscription(name text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  expected bigint;
  found_count bigint;
  first :schema.subscriptions;
  ready boolean;
begin
  select count(*) into expected
    from :schema.subscriptions as one
   where one.name = _divide_subscription.name and one.version = _divide_subscription.version;
  select count(*), bool_and(slices.next_slices is not null and slices.position = slices.until_position)
    into found_count, ready
    from (select one.next_slices, one.position, one.until_position
            from :schema.subscriptions as one
           where one.name = _divide_subscription.name and one.version = _divide_subscription.version
           order by one.slice
             for update skip locked) as slices;
  if found_count < expected or ready is not true then return false; end if;
  select one.* into first
    from :schema.subscriptions as one
   where one.name = _divide_subscription.name and one.version = _divide_subscription.version
   order by one.slice
   limit 1;
  delete from :schema.subscriptions as one
   where one.name = _divide_subscription.name and one.version = _divide_subscription.version
     and one.slice >= first.next_slices;
  update :schema.subscriptions as one
     set slices = first.next_slices, next_slices = null, until_position = null,
         epoch = one.epoch + 1, owner = null, lease_until = null,
         stopped_at = null, outdated = false, failed_releases = '{}', failed_position = null, failed_type = null,
         failed_message = null, retry_from = null
   where one.name = _divide_subscription.name and one.version = _divide_subscription.version;
  insert into :schema.subscriptions
         (name, version, slice, slices, definition, definition_hash, position, caught_up_at, paused_at)
  select first.name, first.version, added.slice, first.next_slices, first.definition, first.definition_hash, first.position,
         first.caught_up_at, first.paused_at
    from generate_series(expected, first.next_slices - 1) as added (slice);
  -- The events follow their key.
  update :schema.parked_keys as parked
     set slice = :schema._slice_of(parked.key, first.next_slices)
   where parked.name = _divide_subscription.name and parked.version = _divide_subscription.version;
  return true;
end
$$;
