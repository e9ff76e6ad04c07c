-- Creates the rows of subscriptions that have none, with their checkpoints at the beginning of the log. The rows are
-- inserted in one order everywhere: two processes that insert the same rows cannot deadlock.
create or replace function :schema._register_subscriptions(names text[], versions integer[], slices integer[])
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.subscriptions (name, version, slice)
  select wanted.name, wanted.version, wanted.slice
    from unnest(names, versions, slices) as wanted (name, version, slice)
   order by wanted.name collate "C", wanted.version, wanted.slice
  on conflict (name, version, slice) do nothing
$$;
