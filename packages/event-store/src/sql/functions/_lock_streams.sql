-- Takes locks, until the end of the transaction, on all streams of the requests that check a stream without writing to
-- it: shared where the stream is checked, exclusive where it is written. Two requests can then not each change the
-- stream that the other one checked. Requests that only write need no lock: the unique index keeps them apart.
--
-- The locks are taken in the order of their keys, so that two calls do not deadlock.
create or replace function :schema._lock_streams(
  stream_request integer[], stream_id text[], stream_event_count integer[]
) returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform case when lock.exclusive
               then pg_advisory_xact_lock(':schema.event_position'::regclass::oid::integer, lock.key)
               else pg_advisory_xact_lock_shared(':schema.event_position'::regclass::oid::integer, lock.key) end
     from (select hashtext(stream.id) as key, bool_or(stream.event_count > 0) as exclusive
             from unnest(stream_request, stream_id, stream_event_count) as stream (request, id, event_count)
            where stream.request in (select checking.request
                                       from unnest(stream_request, stream_event_count) as checking (request, event_count)
                                      where checking.event_count = 0)
            group by 1
            order by 1) as lock;
end
$$;
