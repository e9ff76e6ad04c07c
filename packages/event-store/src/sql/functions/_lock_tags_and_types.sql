-- Keeps the writers of events and the conditions that query them apart until the end of the transaction: a shared lock on
-- each tag and each type of the events to append, an exclusive lock on each of `queried_tags`, the first tag of each
-- query, and on each of `queried_types`, the types of the queries without tags. An event that a query matches has all
-- tags of the query, so one of them is enough.
--
-- Called before the writer lock is taken, so that waiting here does not hold up readers, and before the first position
-- is drawn: an event that a condition did not find has a higher position than the events appended under the condition.
--
-- Tags share 512 locks, types the next 64; _high_water_mark looks for them. Two tags with the same lock may wait for each
-- other, which is all that happens. The lock table of a server has room for about twenty calls that take all of them.
-- The locks are taken in the order of their keys, after the locks on streams, so that two calls do not deadlock. An
-- advisory lock with one bigint key never meets the writer lock or a lock on a stream, which have two integer keys.
--
-- Returns true, so that an expression can take the locks.
create or replace function :schema._lock_tags_and_types(
  written_tags text[], written_types text[], queried_tags text[] default null, queried_types text[] default null
) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform case when lock.exclusive then pg_advisory_xact_lock(lock.key)
                                   else pg_advisory_xact_lock_shared(lock.key) end
     from (select (':schema.events'::regclass::oid::bigint << 32) + named.number as key,
                  bool_or(named.exclusive) as exclusive
             from (select hashtext(tag) & 511 as number, false as exclusive from unnest(written_tags) as tag
                   union all
                   select hashtext(tag) & 511, true from unnest(queried_tags) as tag
                   union all
                   select 512 + (hashtext(type) & 63), false from unnest(written_types) as type
                   union all
                   select 512 + (hashtext(type) & 63), true from unnest(queried_types) as type) as named
            group by 1
            order by 1) as lock;
  return true;
end
$$;
