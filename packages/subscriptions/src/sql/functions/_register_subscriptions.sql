-- Creates the rows of subscriptions that have none, with their checkpoints at the beginning of the log. On an empty log
-- they have caught up at once. The rows are inserted in one order everywhere: two processes that insert the same rows
-- cannot deadlock.
create or replace function :schema._register_subscriptions(
  names text[], versions integer[], slices integer[], definitions jsonb[], definition_hashes text[]
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.subscriptions (name, version, slice, definition, definition_hash, caught_up_at)
  select wanted.name, wanted.version, wanted.slice, wanted.definition, wanted.definition_hash,
         case when not exists (select from :schema.events) then clock_timestamp() end
    from unnest(names, versions, slices, definitions, definition_hashes)
         as wanted (name, version, slice, definition, definition_hash)
   order by wanted.name collate "C", wanted.version, wanted.slice
  on conflict (name, version, slice) do nothing
$$;
