-- Waits for a transaction that changes a row of a subscription, and blocks others until this one ends. The switch of a
-- rebuild gives the rows other names: those that have the name when the wait is over are locked.
create or replace function :schema._lock_subscription(name text, version integer)
returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  loop
    perform
       from :schema.subscriptions as subscription
      where subscription.name = _lock_subscription.name
        and subscription.version = _lock_subscription.version
      order by subscription.slice
        for update;
    exit when found or not exists (select from :schema.subscriptions as subscription
                                    where subscription.name = _lock_subscription.name
                                      and subscription.version = _lock_subscription.version);
  end loop;
end
$$;
