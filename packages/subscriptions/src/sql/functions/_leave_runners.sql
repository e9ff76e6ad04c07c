-- A process runs nothing any more: the others share its subscriptions out at their next check.
create or replace function :schema._leave_runners(owner text)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from :schema.runners as runner where runner.owner = _leave_runners.owner
$$;
