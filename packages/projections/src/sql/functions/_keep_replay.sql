-- Keeps a replay for two more minutes: after that, other processes take it for one that its process has left behind. False
-- when it is gone.
create or replace function :schema._keep_replay(subscribed text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform :schema._replay_schema(subscribed);
  update :schema.subscriptions as subscription
     set advanced_at = clock_timestamp()
   where subscription.name = subscribed
     and subscription.version = _keep_replay.version;
  return found;
end
$$;
