-- Lets the slices of a replay go further, up to these positions. False when it is gone.
create or replace function :schema._lead_replay(subscribed text, version integer, positions bigint[])
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform :schema._replay_schema(subscribed);
  update :schema.subscriptions as subscription
     set until_position = greatest(subscription.until_position, positions[subscription.slice + 1])
   where subscription.name = subscribed
     and subscription.version = _lead_replay.version;
  return found;
end
$$;
