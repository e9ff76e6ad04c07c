-- Lets the copy of a version's tables be built on: that of a rebuild which is paused, has stopped or sets events aside, or,
-- to roll back, the tables that served before. Processes of the release that asks go on with it. The tables that served begin
-- where they stopped to serve, and are to serve again. A rollback that is going on is joined.
--
-- Returns {"outcome", "rebuildId"}: resumed; and nothing is changed: missing, when there is no such copy, and mismatched.
create or replace function :schema._resume_copy(name text, version integer, definition_hash text, rolls_back boolean, release text)
returns jsonb language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  subscribed constant text := name || '+copy';
  built record;
  resumed :schema.projection_copies;
begin
  perform :schema._lock_subscription(_resume_copy.name, _resume_copy.version);
  perform :schema._lock_subscription(subscribed, _resume_copy.version);
  select min(one.position) as position, min(one.definition_hash) as definition_hash
    into built
    from :schema.subscriptions as one
   where one.name = subscribed and one.version = _resume_copy.version;
  if not exists (select from :schema.projection_copies as copy
                  where copy.name = _resume_copy.name and copy.version = _resume_copy.version
                    -- Only tables that have served have a time of their switch.
                    and case when rolls_back then copy.switched_at is not null else copy.state = 'building' end) then
    return jsonb_build_object('outcome', 'missing');
  end if;
  if built.definition_hash is distinct from _resume_copy.definition_hash then
    return jsonb_build_object('outcome', 'mismatched');
  end if;
  update :schema.projection_copies as copy
     set state = 'building',
         rebuild_id = case copy.state when 'previous' then gen_random_uuid() else copy.rebuild_id end,
         switches = rolls_back or copy.switches,
         parks_more = rolls_back or copy.parks_more,
         began_at = case copy.state when 'previous' then clock_timestamp() else copy.began_at end,
         measured_at = clock_timestamp(),
         measured_from = built.position,
         refusal = null,
         refused_at = null
   where copy.name = _resume_copy.name and copy.version = _resume_copy.version
  returning copy.* into resumed;
  perform :schema._carry_given_up(_resume_copy.version, _resume_copy.name, subscribed, resumed.switched_at is not null);
  update :schema.projection_copies as copy
     set refusal = :schema._not_given_up(copy.name, copy.version), refused_at = clock_timestamp()
   where copy.name = _resume_copy.name
     and copy.version = _resume_copy.version
     and :schema._not_given_up(copy.name, copy.version) is not null;
  update :schema.parked_keys as parked
     set resume_at = clock_timestamp()
   where not rolls_back
     and parked.name = subscribed
     and parked.version = _resume_copy.version;
  update :schema.subscriptions as one
     set until_position = null,
         for_release = _resume_copy.release,
         epoch = one.epoch + 1,
         owner = null,
         lease_until = null
   where one.name = subscribed and one.version = _resume_copy.version;
  perform :schema._resume_subscription(subscribed, _resume_copy.version);
  return jsonb_build_object('outcome', 'resumed', 'rebuildId', resumed.rebuild_id);
end
$$;
