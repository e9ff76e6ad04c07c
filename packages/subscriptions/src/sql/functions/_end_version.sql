-- Ends a version that another one continues: no process has such a definition, so none gets a lease of it.
create or replace function :schema._end_version(name text, version integer, continued_by integer)
returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set epoch = subscription.epoch + 1,
         owner = null,
         lease_until = null,
         definition = jsonb_build_object('continuedBy', continued_by),
         definition_hash = 'continued by version ' || continued_by
   where subscription.name = _end_version.name
     and subscription.version = _end_version.version;
end
$$;
