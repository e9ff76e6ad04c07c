-- Drops the replays that no process has kept for two minutes: theirs was killed. One whose tables are in use stays for now.
-- Returns how many were dropped.
create or replace function :schema._drop_abandoned_replays()
returns integer language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  abandoned record;
  dropped integer := 0;
begin
  perform set_config('lock_timeout', '250', true);
  for abandoned in
    select subscription.name, subscription.version
      from :schema.subscriptions as subscription
     where subscription.name ~ '\+[0-9a-f]{16}$'
     group by subscription.name, subscription.version
    having max(greatest(subscription.advanced_at, subscription.lease_until)) < clock_timestamp() - interval '2 minutes'
  loop
    begin
      perform :schema._drop_replay(abandoned.name, abandoned.version);
      dropped := dropped + 1;
    exception when lock_not_available or deadlock_detected then
      null;
    end;
  end loop;
  return dropped;
end
$$;
