-- Begins to build a copy of a version's tables, or joins the building of one. The copy gets a subscription at the beginning
-- of the log: each process of the release that asks may work on it. One that another release has begun is dropped, and so
-- are tables that served before, also while a rollback is going on.
--
-- Returns {"outcome", "rebuildId"}: started, joined; and nothing is changed: missing, mismatched, and "kept" with the "objects"
-- that the copy would not have. Waits for batches of the projection that are being written.
create or replace function :schema._begin_rebuild(
  name text, version integer, definition_hash text, slices integer, events_per_second double precision, switches boolean,
  release text
) returns jsonb language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  serving constant text := :schema._projection_schema(name, version, false);
  copied constant text := :schema._projection_schema(name, version, true);
  live :schema.subscriptions;
  running :schema.projection_copies;
  objects text[];
  limit_before double precision;
begin
  if _begin_rebuild.slices is null or _begin_rebuild.slices not between 1 and 1024 then
    raise exception 'a rebuild has 1 to 1024 slices' using errcode = '22023';
  end if;
  perform :schema._lock_subscription(_begin_rebuild.name, _begin_rebuild.version);
  select subscription.* into live
    from :schema.subscriptions as subscription
   where subscription.name = _begin_rebuild.name
     and subscription.version = _begin_rebuild.version
   order by subscription.slice
   limit 1;
  if live.name is null or to_regnamespace(quote_ident(serving)) is null then
    return jsonb_build_object('outcome', 'missing');
  end if;
  if live.definition_hash is distinct from _begin_rebuild.definition_hash then
    return jsonb_build_object('outcome', 'mismatched');
  end if;
  select copy.events_per_second into limit_before
    from :schema.projection_copies as copy
   where copy.name = _begin_rebuild.name
     and copy.version = _begin_rebuild.version;
  update :schema.projection_copies as copy
     set switches = _begin_rebuild.switches,
         events_per_second = _begin_rebuild.events_per_second,
         -- The last call decides: what kept an earlier one from it does not hold any more.
         refusal = null,
         refused_at = null
   where copy.name = _begin_rebuild.name
     and copy.version = _begin_rebuild.version
     and copy.state = 'building'
     and copy.switched_at is null
     -- One that can never serve is begun anew.
     and :schema._not_given_up(copy.name, copy.version) is null
     and exists (select from :schema.subscriptions as built
                  where built.name = copy.name || '+copy'
                    and built.version = copy.version
                    and built.definition_hash = live.definition_hash
                    and built.for_release is not distinct from _begin_rebuild.release)
  returning copy.* into running;
  if found then
    -- A process that was killed while it compared the copy has left it at one position.
    update :schema.subscriptions as built
       set until_position = null
     where built.name = running.name || '+copy'
       and built.version = running.version
       and built.until_position is not null;
    -- Another limit holds from the next terms on.
    update :schema.subscriptions as built
       set epoch = built.epoch + 1, owner = null, lease_until = null
     where built.name = running.name || '+copy'
       and built.version = running.version
       and limit_before is distinct from running.events_per_second;
    return jsonb_build_object('outcome', 'joined', 'rebuildId', running.rebuild_id);
  end if;
  objects := :schema._not_copied(serving);
  if cardinality(objects) > 0 then
    return jsonb_build_object('outcome', 'kept', 'objects', to_jsonb(objects));
  end if;
  perform :schema._drop_copy(_begin_rebuild.name, _begin_rebuild.version);
  perform :schema._create_copy(serving, copied);
  insert into :schema.subscriptions (name, version, slice, slices, definition, definition_hash, for_release, caught_up_at)
  select live.name || '+copy', live.version, added.slice, _begin_rebuild.slices, live.definition, live.definition_hash,
         _begin_rebuild.release,
         case when not exists (select from :schema.events) then clock_timestamp() end
    from generate_series(0, _begin_rebuild.slices - 1) as added (slice);
  perform :schema._carry_given_up(live.version, live.name, live.name || '+copy', false);
  insert into :schema.projection_copies (name, version, state, switches, events_per_second)
  values (live.name, live.version, 'building', _begin_rebuild.switches, _begin_rebuild.events_per_second)
  returning * into running;
  return jsonb_build_object('outcome', 'started', 'rebuildId', running.rebuild_id);
end
$$;
