-- Moves checkpoints of one owner forward where nothing is written with them, under the conditions of _advance_checkpoint.
-- Never waits: a row that another transaction is changing stays as it is. Returns the numbers of those moved, from 1.
create or replace function :schema._advance_checkpoints(
  owner text, lease_ms double precision,
  names text[], versions integer[], slices integer[], epochs bigint[],
  from_positions bigint[], to_positions bigint[], lineages text[]
) returns integer[] language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  -- A row is found by its primary key, however many there are.
  set plan_cache_mode = force_generic_plan
  set jit = off
as $$
#variable_conflict use_column
declare
  moved integer[];
begin
  with step as (
    select step.number, step.to_position, mine.name, mine.version, mine.slice
      from unnest(names, versions, slices, epochs, from_positions, to_positions, lineages) with ordinality
           as step (name, version, slice, epoch, from_position, to_position, lineage, number)
      join :schema.subscriptions as mine
        on mine.name = step.name and mine.version = step.version and mine.slice = step.slice
     where mine.position = step.from_position
       and mine.epoch = step.epoch
       and mine.owner = _advance_checkpoints.owner
       and step.to_position >= step.from_position
       and step.to_position <= coalesce(mine.until_position, step.to_position)
       and (step.lineage is null or step.lineage = (select now.lineage from :schema.lineage as now))
       for update of mine skip locked
  ), advanced as (
    update :schema.subscriptions as subscription
       set position = step.to_position,
           advanced_at = clock_timestamp(),
           lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
      from step
     where subscription.name = step.name and subscription.version = step.version and subscription.slice = step.slice
    returning step.number
  )
  select array_agg(advanced.number::integer) into moved from advanced;
  return coalesce(moved, '{}');
end
$$;
