-- Keeps the writers of a tag and the conditions that query it apart until the end of the transaction: a shared lock on
-- each tag of `written`, the tags of the events to append, and an exclusive lock on each tag of `queried`, the first tag
-- of each query. An event that a query matches has all tags of the query, so one of them is enough.
--
-- Called before the writer lock is taken, so that waiting here does not hold up readers, and before the first position
-- is drawn: an event that a condition did not find has a higher position than the events appended under the condition.
--
-- Tags share 512 locks; _high_water_mark looks for them. Two tags with the same lock may wait for each other, which is all that happens. The lock table
-- of a server has room for about twenty calls that take all 512. The locks are taken in the order of their keys, after
-- the locks on streams, so that two calls do not deadlock. An advisory lock with one bigint key never meets the writer
-- lock or a lock on a stream, which have two integer keys.
--
-- Returns true, so that an expression can take the locks.
create or replace function :schema._lock_tags(written text[], queried text[]) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform case when lock.exclusive then pg_advisory_xact_lock(lock.key)
                                   else pg_advisory_xact_lock_shared(lock.key) end
     from (select (':schema.events'::regclass::oid::bigint << 32) + (hashtext(tagged.tag) & 511) as key,
                  bool_or(tagged.exclusive) as exclusive
             from (select tag, false as exclusive from unnest(written) as tag
                   union all
                   select tag, true from unnest(queried) as tag) as tagged
            group by 1
            order by 1) as lock;
  return true;
end
$$;
