-- Creates the rows of subscriptions that have none, one for each of their slices, with their checkpoints at the beginning
-- of the log. On an empty log they have caught up at once. The rows are inserted in one order everywhere: two processes
-- that insert the same rows cannot deadlock.
create or replace function :schema._register_subscriptions(
  names text[], versions integer[], counts integer[], definitions jsonb[], definition_hashes text[]
) returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The first slice decides which process inserts the others: a number of slices is never mixed with another one.
  with first as (
    insert into :schema.subscriptions as subscription (name, version, slice, slices, definition, definition_hash, caught_up_at)
    select wanted.name, wanted.version, 0, wanted.count, wanted.definition, wanted.definition_hash,
           case when not exists (select from :schema.events) then clock_timestamp() end
      from unnest(names, versions, counts, definitions, definition_hashes)
           as wanted (name, version, count, definition, definition_hash)
     order by wanted.name collate "C", wanted.version
    on conflict on constraint subscriptions_pkey do nothing
    returning subscription.*
  )
  insert into :schema.subscriptions (name, version, slice, slices, definition, definition_hash, caught_up_at)
  select first.name, first.version, added.slice, first.slices, first.definition, first.definition_hash, first.caught_up_at
    from first
   cross join lateral generate_series(1, first.slices - 1) as added (slice);
end
$$;
