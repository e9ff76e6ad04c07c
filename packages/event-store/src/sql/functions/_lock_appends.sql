-- Waits until every append has ended, and blocks further ones until this transaction ends.
create or replace function :schema._lock_appends() returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended(':schema appends', 0))
$$;
