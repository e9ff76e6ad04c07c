-- Lets a subscription that is paused, and slices that are stopped, continue where they are. False when it has no row.
create or replace function :schema._resume_subscription(name text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set paused_at = null,
         stopped_at = null,
         outdated = false,
         failed_releases = '{}',
         failed_position = null,
         failed_type = null,
         failed_message = null
   where subscription.name = _resume_subscription.name
     and subscription.version = _resume_subscription.version;
  return found;
end
$$;
