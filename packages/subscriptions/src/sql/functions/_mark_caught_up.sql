-- Records that a subscription has reached the high-water mark. False, and nothing is changed, when the lease has another
-- epoch or owner, or the log has another lineage.
create or replace function :schema._mark_caught_up(
  name text, version integer, slice integer, epoch bigint, owner text, lineage text default null
) returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set caught_up_at = coalesce(subscription.caught_up_at, clock_timestamp())
   where subscription.name = _mark_caught_up.name
     and subscription.version = _mark_caught_up.version
     and subscription.slice = _mark_caught_up.slice
     and subscription.epoch = _mark_caught_up.epoch
     and subscription.owner = _mark_caught_up.owner
     and (lineage is null or lineage = (select now.lineage from :schema.lineage as now));
  return found;
end
$$;
