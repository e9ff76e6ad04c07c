-- Creates the rows of subscriptions that have none and begin as their starts say: {"at": "beginning"}, {"at": "end"},
-- {"at": "position", "position": 1} or {"at": "time", "time": "2026-01-01"}. A further version continues where the newest
-- older one is, takes over its parked keys, and ends it: no process gets the lease of that version any more. What has
-- reached the high-water mark has caught up. The rows are inserted in one order everywhere: two processes that insert the
-- same rows cannot deadlock.
create or replace function :schema._register_started(
  names text[], versions integer[], definitions jsonb[], definition_hashes text[], starts jsonb[]
) returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  one record;
  older_version integer;
  older_position bigint;
  mark bigint;
  first bigint;
begin
  for one in
    select wanted.name, wanted.version, wanted.definition, wanted.definition_hash, wanted.start
      from unnest(names, versions, definitions, definition_hashes, starts)
           as wanted (name, version, definition, definition_hash, start)
     order by wanted.name collate "C", wanted.version
  loop
    older_version := null;
    -- Of processes that register one version, the second one waits here and then finds its row.
    select subscription.version, subscription.position
      into older_version, older_position
      from :schema.subscriptions as subscription
     where subscription.name = one.name
       and subscription.version < one.version
     order by subscription.version desc
     limit 1
       for update;
    continue when exists (select from :schema.subscriptions as subscription
                           where subscription.name = one.name
                             and subscription.version = one.version);
    -- The mark of a log without events is 0, and is not asked for: this works on a standby, too.
    mark := 0;
    if exists (select from :schema.events) then
      select settled.high_water_mark into mark from :schema._high_water_mark() as settled;
    end if;
    first := case
      when older_version is not null then older_position
      when one.start ->> 'at' = 'end' then mark
      when one.start ->> 'at' = 'position' then least(mark, (one.start ->> 'position')::bigint)
      when one.start ->> 'at' = 'time' then
        least(mark, coalesce((select min(stored.position) - 1 from :schema.events as stored
                               where stored.recorded_at >= (one.start ->> 'time')::timestamptz), mark))
      else 0 end;
    insert into :schema.subscriptions (name, version, slice, definition, definition_hash, position, caught_up_at)
    values (one.name, one.version, 0, one.definition, one.definition_hash, first,
            case when first >= mark then clock_timestamp() end)
    on conflict (name, version, slice) do nothing;
    if older_version is not null then
      update :schema.subscriptions as subscription
         set epoch = subscription.epoch + 1,
             owner = null,
             lease_until = null,
             definition = jsonb_build_object('continuedBy', one.version),
             definition_hash = 'continued by version ' || one.version
       where subscription.name = one.name
         and subscription.version = older_version;
      update :schema.parked_keys as parked
         set version = one.version
       where parked.name = one.name
         and parked.version = older_version;
    end if;
  end loop;
end
$$;
