-- Drops a version of a projection: its tables, their copy, and all that is known of it. Returns the processes that run it now:
-- nothing is dropped then. Null when there is no such version. Waits for batches that are being written, and for
-- transactions that read the tables.
create or replace function :schema._drop_version(name text, version integer)
returns text[] language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  tables constant text := :schema._projection_schema(name, version, false);
  processes text[];
begin
  if exists (select from :schema.inline_projections as inline
              where inline.name = _drop_version.name and inline.version = _drop_version.version) then
    perform :schema._lock_inline_projections();
  end if;
  perform :schema._lock_subscription(_drop_version.name, _drop_version.version);
  if not exists (select from :schema.subscriptions as one
                  where one.name = _drop_version.name and one.version = _drop_version.version
                    and one.definition ? 'tables') then
    return null;
  end if;
  select coalesce(array_agg(run.owner order by run.owner), '{}') into processes
    from :schema.runner_subscriptions as run
    join :schema.runners as runner on runner.owner = run.owner
   where run.name = _drop_version.name and run.version = _drop_version.version
     and run.able and runner.lease_until >= clock_timestamp();
  if cardinality(processes) > 0 then return processes; end if;
  perform :schema._drop_copy(_drop_version.name, _drop_version.version);
  delete from :schema.inline_projections as inline
   where inline.name = _drop_version.name and inline.version = _drop_version.version;
  delete from :schema.subscriptions as one
   where one.name = _drop_version.name and one.version = _drop_version.version;
  delete from :schema.parked_keys as parked
   where parked.name = _drop_version.name and parked.version = _drop_version.version;
  delete from :schema.given_up_events as given_up
   where given_up.name = _drop_version.name and given_up.version = _drop_version.version;
  if to_regnamespace(quote_ident(tables)) is not null then
    execute format('drop schema %I cascade', tables);
  end if;
  return processes;
end
$$;
