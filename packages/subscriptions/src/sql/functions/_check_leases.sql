-- All that a process asks for in a check of its leases: extends those that it holds, takes those of `take_...` that are
-- free, and tells how all slices of its subscriptions stand, and which processes run them. Never waits for the lock of a
-- lease: a row that another transaction is changing is left to the next check.
--
-- A slice is taken by a process that has its definition, is of its release if it has one, and did not fail at the event
-- where it stopped. One that makes the subscription inline also takes it from one that does not. held_...: leases that the
-- process goes on with.
create or replace function :schema._check_leases(
  owner text, lease_ms double precision,
  names text[], versions integer[], definition_hashes text[], releases text[], promotes boolean[], able boolean[],
  held_names text[], held_versions integer[], held_slices integer[], held_epochs bigint[],
  take_names text[], take_versions integer[], take_slices integer[]
) returns jsonb language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  -- The arguments are short lists, whose plans are alike.
  set plan_cache_mode = force_generic_plan
  set jit = off
as $$
#variable_conflict use_column
declare
  leased_until timestamptz;
  reached record;
  newest bigint;
  taken jsonb := '[]';
begin
  perform :schema._validate_lease(_check_leases.owner, lease_ms);
  leased_until := clock_timestamp() + lease_ms * interval '1 millisecond';
  delete from :schema.runners as runner
   using (select expired.owner from :schema.runners as expired
           where expired.lease_until < clock_timestamp() - interval '1 minute' for update skip locked) as gone
   where runner.owner = gone.owner;
  insert into :schema.runners as runner (owner, lease_until) values (_check_leases.owner, leased_until)
  on conflict on constraint runners_pkey do update set lease_until = excluded.lease_until;
  insert into :schema.runner_subscriptions as known (name, version, owner, definition_hash, release, promotes, able)
  select wanted.name, wanted.version, _check_leases.owner, wanted.definition_hash, wanted.release, wanted.promotes, wanted.able
    from unnest(names, versions, definition_hashes, releases, promotes, able)
         as wanted (name, version, definition_hash, release, promotes, able)
  on conflict on constraint runner_subscriptions_pkey
  do update set definition_hash = excluded.definition_hash, release = excluded.release,
                promotes = excluded.promotes, able = excluded.able
   where (known.definition_hash, known.release, known.promotes, known.able)
         is distinct from (excluded.definition_hash, excluded.release, excluded.promotes, excluded.able);

  for reached in
    select dividing.name, dividing.version
      from unnest(names, versions) as wanted (name, version)
      join :schema.subscriptions as dividing on dividing.name = wanted.name and dividing.version = wanted.version
     where dividing.next_slices is not null
     group by dividing.name, dividing.version
    having bool_and(dividing.position = dividing.until_position)
  loop
    perform :schema._divide_subscription(reached.name, reached.version);
  end loop;

  update :schema.subscriptions as subscription
     set lease_until = leased_until
    from (select mine.name, mine.version, mine.slice
            from unnest(held_names, held_versions, held_slices, held_epochs) as held (name, version, slice, epoch)
            join :schema.subscriptions as mine
              on mine.name = held.name and mine.version = held.version and mine.slice = held.slice
           where mine.epoch = held.epoch and mine.owner = _check_leases.owner
             for update of mine skip locked) as mine
   where subscription.name = mine.name and subscription.version = mine.version and subscription.slice = mine.slice;

  if cardinality(take_names) > 0 then
    with free as (
      select free.name, free.version, free.slice, asked.promotes
        from unnest(take_names, take_versions, take_slices) as wanted (name, version, slice)
        join :schema.subscriptions as free
          on free.name = wanted.name and free.version = wanted.version and free.slice = wanted.slice
        join unnest(names, versions, definition_hashes, releases, promotes)
             as asked (name, version, definition_hash, release, promotes)
          on asked.name = free.name and asked.version = free.version
       where not free.inline
         and free.paused_at is null
         and free.definition_hash = asked.definition_hash
         and asked.release = coalesce(free.for_release, asked.release)
         and (free.stopped_at is null or asked.release <> all (free.failed_releases))
         and (free.lease_until is null or free.lease_until < clock_timestamp()
              or asked.promotes and not free.owner_promotes
                 and coalesce(free.inline_after <= clock_timestamp(), true))
         for update of free skip locked
    ), given as (
      update :schema.subscriptions as subscription
         set epoch = subscription.epoch + 1,
             owner = _check_leases.owner,
             lease_until = leased_until,
             owner_promotes = free.promotes,
             stopped_at = null
        from free
       where subscription.name = free.name and subscription.version = free.version and subscription.slice = free.slice
      returning subscription.*
    )
    select coalesce(jsonb_agg(jsonb_build_object(
             'name', given.name, 'version', given.version, 'slice', given.slice, 'slices', given.slices,
             'position', given.position, 'epoch', given.epoch, 'caughtUp', given.caught_up_at is not null,
             'demotedMs', coalesce(greatest(0, date_part('epoch', given.inline_after - clock_timestamp()) * 1000), 0))), '[]')
      into taken
      from given;
    -- Durable, whatever the server's default is: an epoch that a crash undid could be given to two owners.
    if taken <> '[]' then perform set_config('synchronous_commit', 'on', true); end if;
  end if;

  -- Not of events: of an empty log, the session would keep a plan that reads all of it.
  newest := coalesce(pg_sequence_last_value(':schema.event_position'::regclass), 0);
  return jsonb_build_object(
    'taken', taken,
    'slices', (
      select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'name', subscription.name, 'version', subscription.version, 'slice', subscription.slice,
               'epoch', subscription.epoch, 'inline', subscription.inline, 'paused', subscription.paused_at is not null,
               'ownerPromotes', subscription.owner_promotes,
               'still', case when subscription.position < newest and not subscription.inline
                              and subscription.advanced_at < clock_timestamp() - 2 * lease_ms * interval '1 millisecond' then true end,
               'owner', case when subscription.lease_until >= clock_timestamp() then subscription.owner end,
               'avoided', case when subscription.avoided_until >= clock_timestamp() then subscription.avoided_owner end,
               'failedReleases', case when subscription.stopped_at is not null then to_jsonb(subscription.failed_releases) end,
               'inlineAfter', case when subscription.inline_after > clock_timestamp() then date_part('epoch', subscription.inline_after) end,
               'demotedAt', date_part('epoch', subscription.demoted_at), 'demotedBy', subscription.demoted_by,
               'definitionHash', subscription.definition_hash, 'forRelease', subscription.for_release,
               'definition', case when subscription.definition_hash <> wanted.definition_hash then subscription.definition end))), '[]')
        from unnest(names, versions, definition_hashes) as wanted (name, version, definition_hash)
        join :schema.subscriptions as subscription
          on subscription.name = wanted.name and subscription.version = wanted.version),
    'runs', (
      select coalesce(jsonb_agg(jsonb_build_object(
               'name', run.name, 'version', run.version, 'owner', run.owner, 'definitionHash', run.definition_hash,
               'release', run.release, 'promotes', run.promotes)), '[]')
        from unnest(names, versions) as wanted (name, version)
        join :schema.runner_subscriptions as run on run.name = wanted.name and run.version = wanted.version
        join :schema.runners as runner on runner.owner = run.owner
       where run.able and runner.lease_until >= clock_timestamp()));
end
$$;
