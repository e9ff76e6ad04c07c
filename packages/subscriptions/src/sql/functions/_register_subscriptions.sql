-- Creates the rows of subscriptions that have none, one for each of their slices.
--
-- Without a start, every version begins at the beginning of the log. With one, {"at": "beginning"}, {"at": "end"},
-- {"at": "position", "position": 1} or {"at": "time", "time": "2026-01-01"}, the first version begins there. A further one
-- continues where the slice of the newest older one is that is behind the others, since its keys may be other ones; it
-- takes over what is parked, and ends that version: no process gets a lease of it any more. An older version than one that
-- is there has ended before it begins.
--
-- Names with "+" are refused: the subscriptions of copies and replays of projections are found, and deleted, by them.
--
-- What has reached the high-water mark has caught up. Calls with a start are made one after another. Within a call, the
-- subscriptions are registered in one order everywhere: two processes that register the same ones cannot deadlock.
create or replace function :schema._register_subscriptions(
  names text[], versions integer[], counts integer[], definitions jsonb[], definition_hashes text[], starts jsonb[]
) returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  one record;
  older_version integer;
  newer_version integer;
  older_position bigint;
  mark bigint;
  first bigint;
begin
  if exists (select from unnest(definitions) as given (definition) where length(definition::text) > 16777216) then
    raise exception 'a definition has at most 16,777,216 characters' using errcode = '22023';
  end if;
  -- Two versions that are registered at the same time would not find each other's rows, and both would be run.
  if exists (select from unnest(starts) as given (start) where given.start is not null) then
    -- Not an advisory lock, which any role that may connect could hold. Only migrations write this table.
    lock table :schema.migrations in share row exclusive mode;
  end if;
  for one in
    select wanted.name, wanted.version, wanted.count, wanted.definition, wanted.definition_hash, wanted.start
      from unnest(names, versions, counts, definitions, definition_hashes, starts)
           as wanted (name, version, count, definition, definition_hash, start)
     order by wanted.name collate "C", wanted.version
  loop
    if one.name like '%+%' then
      raise exception 'a name with "+" is that of a copy or a replay of a projection' using errcode = '22023';
    end if;
    older_version := null;
    newer_version := null;
    older_position := null;
    if one.start is not null then
      select max(subscription.version) filter (where subscription.version < one.version),
             max(subscription.version) filter (where subscription.version > one.version)
        into older_version, newer_version
        from :schema.subscriptions as subscription
       where subscription.name = one.name;
      -- What its batch writes now counts: the position is read after it.
      perform :schema._lock_subscription(one.name, older_version);
      select min(subscription.position) into older_position
        from :schema.subscriptions as subscription
       where subscription.name = one.name
         and subscription.version = older_version;
    end if;
    continue when exists (select from :schema.subscriptions as subscription
                           where subscription.name = one.name
                             and subscription.version = one.version);
    -- The mark of a log without events is 0, and is not asked for: this works on a standby, too.
    mark := 0;
    if exists (select from :schema.events) then
      select settled.high_water_mark into mark from :schema._high_water_mark() as settled;
    end if;
    first := case
      when older_position is not null then older_position
      when one.start ->> 'at' = 'end' then mark
      when one.start ->> 'at' = 'position' then least(mark, (one.start ->> 'position')::bigint)
      when one.start ->> 'at' = 'time' then
        least(mark, coalesce((select min(stored.position) - 1 from :schema.events as stored
                               where stored.recorded_at >= (one.start ->> 'time')::timestamptz), mark))
      else 0 end;
    -- The first slice decides which process inserts the others: a number of slices is never mixed with another one.
    with inserted as (
      insert into :schema.subscriptions as subscription
             (name, version, slice, slices, definition, definition_hash, position, caught_up_at)
      values (one.name, one.version, 0, one.count, one.definition, one.definition_hash, first,
              case when first >= mark then clock_timestamp() end)
      on conflict on constraint subscriptions_pkey do nothing
      returning subscription.*
    )
    insert into :schema.subscriptions (name, version, slice, slices, definition, definition_hash, position, caught_up_at)
    select inserted.name, inserted.version, added.slice, inserted.slices, inserted.definition, inserted.definition_hash,
           inserted.position, inserted.caught_up_at
      from inserted
     cross join lateral generate_series(1, inserted.slices - 1) as added (slice);
    if older_version is not null then
      perform :schema._end_version(one.name, older_version, one.version);
      update :schema.parked_keys as parked
         set version = one.version,
             slice = :schema._slice_of(parked.key, one.count)
       where parked.name = one.name
         and parked.version = older_version;
    end if;
    if newer_version is not null then
      perform :schema._end_version(one.name, one.version, newer_version);
    end if;
  end loop;
end
$$;
