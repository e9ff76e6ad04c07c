-- Lets the copy of a version's tables serve, and makes a copy of those that served. Returns null, or why not, and nothing is
-- changed then. Called with the rows of the version locked. When it is inline, under the exclusive inline lock, with the top
-- of the log that was read under it: no later event of the projection is committed before this transaction.
--
-- The rows of both change names, and get an epoch that no process has: what was begun before is not written.
create or replace function :schema._switch_copy(
  name text, version integer, rebuild_id uuid, definition_hash text, inline_top bigint, slices integer, lineage text
) returns text language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  serving constant text := :schema._projection_schema(name, version, false);
  copied constant text := :schema._projection_schema(name, version, true);
  between_both constant text := regexp_replace(serving, '_v([0-9]+)$', '_s\1');
  subscribed constant text := name || '+copy';
  parked_aside constant text := name || '+aside';
  live record;
  more record;
  copied_now :schema.projection_copies;
  built record;
  before :schema.subscriptions;
  next_epoch bigint;
  objects text[];
  refusal text;
begin
  perform :schema._lock_subscription(_switch_copy.name, _switch_copy.version);
  perform :schema._lock_subscription(subscribed, _switch_copy.version);
  select copy.* into copied_now
    from :schema.projection_copies as copy
   where copy.name = _switch_copy.name and copy.version = _switch_copy.version
     and copy.rebuild_id = _switch_copy.rebuild_id and copy.state = 'building'
     for update;
  if not found then return 'the rebuild was dropped'; end if;
  -- A call with a condition has joined it since the process saw that it may be switched to.
  if not copied_now.switches then return 'a call of rebuild() decides by its switchIf'; end if;
  if lineage is not null and lineage is distinct from (select now.lineage from :schema.lineage as now) then
    return 'the log is not the one that the process knows';
  end if;
  select max(one.position) as position, min(one.definition_hash) as definition_hash, bool_and(one.inline) as inline,
         max(one.epoch) as epoch
    into live
    from :schema.subscriptions as one
   where one.name = _switch_copy.name and one.version = _switch_copy.version;
  select min(one.position) as position, max(one.position) as foremost, min(one.definition_hash) as definition_hash,
         max(one.epoch) as epoch, count(*) as slices, bool_and(one.caught_up_at is not null) as caught_up,
         bool_or(one.paused_at is not null) as paused, bool_or(one.stopped_at is not null) as stopped
    into built
    from :schema.subscriptions as one
   where one.name = subscribed and one.version = _switch_copy.version;
  if live.definition_hash is distinct from _switch_copy.definition_hash
     or built.definition_hash is distinct from _switch_copy.definition_hash then
    return 'it was built from another definition; drop it, and rebuild again';
  end if;
  if live.inline <> (inline_top is not null) then return 'the mode of the projection has just changed'; end if;
  if built.paused then return 'it is paused'; end if;
  if built.stopped then return 'it has stopped at an event'; end if;
  if not built.caught_up then return 'it has not caught up'; end if;
  -- No process would apply them: an inline projection has no leader, and appends apply later events of their keys.
  if live.inline and exists (select from :schema.parked_keys as parked
                              where parked.name = subscribed and parked.version = _switch_copy.version) then
    return 'it has parked keys, and the projection is inline; resume them or give them up first, or drop the copy';
  end if;
  if live.inline and built.slices > 1 then return 'it has slices, and the projection is inline now'; end if;
  if built.position < coalesce(inline_top, live.position) then
    return 'it did not come to the position of the serving tables in time';
  end if;
  if built.foremost > (select case when drawn.is_called then drawn.last_value else 0 end from :schema.event_position as drawn) then
    return 'it is beyond the end of the log, which has gone back; drop it, and rebuild again';
  end if;
  objects := :schema._not_copied(serving);
  if cardinality(objects) > 0 then
    return 'these objects depend on the serving tables, and would not be those of the new ones: ' || array_to_string(objects, ', ');
  end if;
  select array_agg(class.relname order by class.relname) into objects
    from pg_index as index
    join pg_class as class on class.oid = index.indexrelid
   where class.relnamespace = to_regnamespace(quote_ident(serving))
     and not exists (select from pg_class as other
                      where other.relnamespace = to_regnamespace(quote_ident(copied))
                        and other.relname = class.relname and other.relkind = class.relkind);
  if cardinality(objects) > 0 then
    return format('schema "%s" does not have these indexes of the serving tables: %s; create them there', copied,
                  array_to_string(objects, ', '));
  end if;
  if exists (select from :schema.given_up_events as skipped
               join :schema.given_up_events as given_up
                 on given_up.name = _switch_copy.name
                and given_up.version = skipped.version
                and given_up.key = skipped.key
                and given_up.given_up_at = skipped.given_up_at
                and given_up.reset_at is distinct from skipped.reset_at
              where skipped.name = subscribed and skipped.version = _switch_copy.version) then
    return 'events that had been given up are applied again since a reset, and not by it; drop it, and rebuild again';
  end if;
  perform :schema._carry_given_up(_switch_copy.version, _switch_copy.name, subscribed, copied_now.switched_at is not null);
  refusal := :schema._not_given_up(_switch_copy.name, _switch_copy.version);
  if refusal is not null then return refusal; end if;
  select count(distinct parked.key) as keys, min(parked.key) as key into more
    from :schema.parked_events as parked
   where parked.name = subscribed
     and parked.version = _switch_copy.version
     and not exists (select from :schema.parked_events as held
                      where held.name = _switch_copy.name
                        and held.version = parked.version
                        and held.key = parked.key
                        and held.position = parked.position);
  if more.keys > 0 and not copied_now.parks_more then
    return format('it sets aside events of %s keys that the serving tables have applied, such as "%s"; fix the cause, '
                  'deploy it and call resumeRebuild()', more.keys, left(more.key, 100));
  end if;

  perform :schema._copy_rights(serving, copied);
  execute format('alter schema %I rename to %I', serving, between_both);
  execute format('alter schema %I rename to %I', copied, serving);
  execute format('alter schema %I rename to %I', between_both, copied);

  select one.* into before
    from :schema.subscriptions as one
   where one.name = _switch_copy.name and one.version = _switch_copy.version and one.slice = 0;
  next_epoch := greatest(live.epoch, built.epoch) + 1;
  update :schema.subscriptions as one
     set name = parked_aside
   where one.name = _switch_copy.name and one.version = _switch_copy.version;
  update :schema.subscriptions as one
     set name = _switch_copy.name, epoch = next_epoch, owner = null, lease_until = null, owner_promotes = false, for_release = null,
         inline = before.inline, inline_after = before.inline_after, demoted_at = before.demoted_at,
         demotions = before.demotions, demoted_by = before.demoted_by, paused_at = before.paused_at
   where one.name = subscribed and one.version = _switch_copy.version;
  -- Those that served are as far as the appends have come.
  update :schema.subscriptions as one
     set name = subscribed, epoch = next_epoch, owner = null, lease_until = null, owner_promotes = false,
         position = case when before.inline then greatest(one.position, inline_top) else one.position end,
         inline = false, inline_after = null, demoted_at = null, demotions = 0, demoted_by = null,
         next_slices = null, until_position = null, paused_at = clock_timestamp()
   where one.name = parked_aside and one.version = _switch_copy.version;
  update :schema.parked_keys as parked set name = parked_aside
   where parked.name = _switch_copy.name and parked.version = _switch_copy.version;
  update :schema.parked_keys as parked set name = _switch_copy.name
   where parked.name = subscribed and parked.version = _switch_copy.version;
  update :schema.parked_keys as parked set name = subscribed
   where parked.name = parked_aside and parked.version = _switch_copy.version;
  update :schema.given_up_events as given_up
     set name = case when given_up.name = subscribed then _switch_copy.name else subscribed end
   where given_up.name in (_switch_copy.name, subscribed) and given_up.version = _switch_copy.version;
  update :schema.projection_copies as copy
     set state = 'previous', switched_at = clock_timestamp(), refusal = null, refused_at = null
   where copy.name = _switch_copy.name and copy.version = _switch_copy.version;
  if not before.inline then
    perform :schema._request_slices(array[_switch_copy.name], array[_switch_copy.version], array[_switch_copy.slices]);
  end if;
  return null;
end
$$;
