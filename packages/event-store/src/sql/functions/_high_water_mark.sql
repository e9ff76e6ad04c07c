-- The high-water mark: no event can appear at or below this position any more. pending is true while an append that is
-- not committed yet holds the mark back.
--
-- The mark is the position of an event, or 0. A position that was drawn and rolled back can be drawn again after a crash
-- of the server, so the mark must not be one.
--
-- With tags or types, it is the mark of the events that have one of them: only writers that hold the lock of such a tag or
-- type count. No event with one of them can appear at or below that mark any more; other events can.
--
-- mark_event_id is the id of the event at the mark, lineage that of the log, and top the highest position that was drawn.
--
-- Events up to the mark must be read by a LATER statement, with a newer snapshot: in the same statement the snapshot is
-- older than the mark, and events are missed. A mark once returned stays true; a later call may return a lower one for a
-- moment, when a writer read the sequence and took its lock only later.
create or replace function :schema._high_water_mark(
  tags text[] default null, types text[] default null,
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

  select case when is_called then last_value else last_value - 1 end into top from :schema.event_position;

  -- The key of a writer lock is the sequence's value modulo 2^31. The value is below `top` by up to 2^31, or was read
  -- after the statement above. Reading a value that is just ahead as one far below only delays a reader; the opposite
  -- would lose an event, so only values up to 16,777,216 ahead are taken as ahead.
  --
  -- Writer locks have objsubid 2, locks on tags and types 1, with the number of the lock in objid as in
  -- _lock_tags_and_types. A transaction that holds one of these and no writer lock draws its positions later. A prepared transaction has no process.
  select min(writer.floor)
    into lowest
    from (select min(top + case when ahead.by < 16777216 then ahead.by else ahead.by - 2147483648 end)
                   filter (where lock.objsubid = 2) as floor,
                 bool_or(lock.objsubid = 1
                         and lock.granted
                         and lock.objid::bigint in (select hashtext(tag) & 511 from unnest(tags) as tag
                                                    union all
                                                    select 512 + (hashtext(type) & 63) from unnest(types) as type)) as counts
            from pg_locks as lock,
                 lateral (select (((lock.objid::bigint - top) % 2147483648) + 2147483648) % 2147483648 as by) as ahead
           where lock.locktype = 'advisory'
             and lock.database = (select oid from pg_database where datname = current_database())
             and lock.classid = ':schema.events'::regclass::oid
           group by lock.virtualtransaction) as writer
   where tags is null and types is null or writer.counts;

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
