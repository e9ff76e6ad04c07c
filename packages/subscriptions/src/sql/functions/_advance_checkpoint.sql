-- Moves a checkpoint forward and extends the lease. Null, and nothing is changed, when the lease has another epoch or
-- owner, the checkpoint is not at from_position, the slice must not go so far, or the log has another lineage: this fences a former owner, and a batch
-- of events that the log may have lost. A null lineage: of any.
--
-- With parking, the batch also sets events aside, or processes events that were set aside: null, too, when one of those
-- was given up meanwhile. See _change_parked.
create or replace function :schema._advance_checkpoint(
  name text, version integer, slice integer, epoch bigint, owner text, from_position bigint, to_position bigint,
  lease_ms double precision, lineage text default null, parking jsonb default null
) returns bigint language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  moved bigint;
begin
  if parking is not null then
    -- A transaction that changes what is parked locks this row first.
    perform from :schema.subscriptions as subscription
      where subscription.name = _advance_checkpoint.name
        and subscription.version = _advance_checkpoint.version
        and subscription.slice = _advance_checkpoint.slice
        for update;
    if not :schema._are_parked(name, version, slice, parking -> 'resumed') then return null; end if;
  end if;
  update :schema.subscriptions as subscription
     set position = to_position,
         advanced_at = clock_timestamp(),
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
   where subscription.name = _advance_checkpoint.name
     and subscription.version = _advance_checkpoint.version
     and subscription.slice = _advance_checkpoint.slice
     and subscription.position = from_position
     and subscription.epoch = _advance_checkpoint.epoch
     and subscription.owner = _advance_checkpoint.owner
     and to_position >= from_position
     and to_position <= coalesce(subscription.until_position, to_position)
     and (lineage is null or lineage = (select now.lineage from :schema.lineage as now))
  returning subscription.position into moved;
  if moved is not null and parking is not null then
    perform :schema._change_parked(name, version, slice, parking);
  end if;
  return moved;
end
$$;
