-- The high-water mark: no event can appear at or below this position any more. pending is true while an append that is
-- not committed yet holds the mark back.
--
-- The mark is the position of an event, or 0. A position that was drawn and rolled back can be drawn again after a crash
-- of the server, so the mark must not be one.
--
-- mark_event_id is the id of the event at the mark, lineage that of the log, and top the highest position that was drawn.
--
-- Events up to the mark must be read by a LATER statement, with a newer snapshot: in the same statement the snapshot is
-- older than the mark, and events are missed. A mark once returned stays true; a later call may return a lower one for a
-- moment, when a writer read the sequence and took its lock only later.
create or replace function :schema._high_water_mark(
  out high_water_mark bigint, out pending boolean, out mark_event_id text, out top bigint, out lineage text
)
language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  lowest bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'reading the log needs isolation level read committed, this transaction has %',
      current_setting('transaction_isolation') using errcode = 'LF004';
  end if;
  if pg_is_in_recovery() then
    raise exception 'a standby does not see the writer locks of the primary'
      using errcode = 'LF005', hint = 'connect to the primary';
  end if;

  select case when is_called then last_value else 0 end into top from :schema.event_position;

  -- The key of a writer lock is the sequence's value modulo 2^31. The value is below `top` by up to 2^31, or was read
  -- after the statement above. Reading a value that is just ahead as one far below only delays a reader; the opposite
  -- would lose an event, so only values up to 16,777,216 ahead are taken as ahead.
  select min(top + case when ahead.by < 16777216 then ahead.by else ahead.by - 2147483648 end)
    into lowest
    from pg_locks as writer,
         lateral (select (((writer.objid::bigint - top) % 2147483648) + 2147483648) % 2147483648 as by) as ahead
   where writer.locktype = 'advisory'
     and writer.database = (select oid from pg_database where datname = current_database())
     and writer.classid = ':schema.events'::regclass::oid
     and writer.objsubid = 2;

  pending := coalesce(lowest < top, false);

  -- Another statement, with a newer snapshot: the events of a writer that has released its lock are visible.
  select stored.position, stored.event_id
    into high_water_mark, mark_event_id
    from :schema.events as stored
   where stored.position <= least(top, lowest)
   order by stored.position desc
   limit 1;
  high_water_mark := coalesce(high_water_mark, 0);
  lineage := (select now.lineage from :schema.lineage as now);
end
$$;
