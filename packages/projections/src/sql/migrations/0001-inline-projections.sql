-- 0001-inline-projections · not breaking

-- Which of these projections the calling append has to apply: their places in the arguments, from 1, as text separated
-- by commas, whatever parsers the caller's connection has.
--
-- The answer cannot change until the transaction ends: the append holds the inline lock. Needs read committed.
create function :schema._inline_projections(names text[], versions integer[], definition_hashes text[])
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select string_agg(wanted.place::text, ',')
            from unnest(names, versions, definition_hashes) with ordinality as wanted (name, version, definition_hash, place)
            join :schema.subscriptions as subscription
              on subscription.name = wanted.name
             and subscription.version = wanted.version
             and subscription.definition_hash = wanted.definition_hash
             and subscription.slice = 0
           where subscription.inline);
end
$$;

-- Waits until every append that applies inline projections has ended, and blocks further ones until this transaction
-- ends.
create function :schema._lock_inline_projections() returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended(':schema inline projections', 0))
$$;

revoke execute on function
  :schema._inline_projections(text[], integer[], text[]),
  :schema._lock_inline_projections()
  from public;
