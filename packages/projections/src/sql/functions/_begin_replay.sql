-- Begins a replay of a version: empty tables like those that serve, and a subscription of its own at the beginning of the
-- log, whose slices go no further than these positions. It belongs to the calling process, which keeps it by _keep_replay.
--
-- Returns {"outcome": "started", "name"}; "missing" or "mismatched", and nothing is changed then.
create or replace function :schema._begin_replay(
  name text, version integer, definition_hash text, positions bigint[]
) returns jsonb language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  serving constant text := :schema._projection_schema(name, version, false);
  subscribed constant text := name || '+' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 16);
  live :schema.subscriptions;
begin
  select subscription.* into live
    from :schema.subscriptions as subscription
   where subscription.name = _begin_replay.name
     and subscription.version = _begin_replay.version
   order by subscription.slice
   limit 1;
  if live.name is null or to_regnamespace(quote_ident(serving)) is null then
    return jsonb_build_object('outcome', 'missing');
  end if;
  if live.definition_hash is distinct from _begin_replay.definition_hash then
    return jsonb_build_object('outcome', 'mismatched');
  end if;
  if coalesce(cardinality(positions), 0) not between 1 and 1024 then
    raise exception 'a replay has 1 to 1024 slices' using errcode = '22023';
  end if;
  perform :schema._create_copy(serving, :schema._replay_schema(subscribed));
  insert into :schema.subscriptions (name, version, slice, slices, definition, definition_hash, until_position)
  select subscribed, live.version, wanted.place - 1, cardinality(positions), live.definition, live.definition_hash,
         wanted.position
    from unnest(positions) with ordinality as wanted (position, place);
  perform :schema._carry_given_up(live.version, live.name, subscribed, false);
  return jsonb_build_object('outcome', 'started', 'name', subscribed);
end
$$;
