-- Takes the locks that _append_batch would take for one request, in the same order, without appending: until this
-- transaction ends, no other one appends an event that the request's condition asks for.
--
-- Arguments: the streams of the request, as in _append_batch; the tags and types of its events; and what its condition
-- locks, the first tag of each query and the types of the queries without tags. lock_all: a query can match any event.
-- lock_timeout_ms is for the later statements of the transaction. This one waits as long as the session's lock_timeout:
-- each lock is granted in the order in which transactions asked for it.
--
-- An append in this transaction that needs other locks takes them out of order. The server ends what then deadlocks, and
-- lock_timeout_ms ends it sooner.
create or replace function :schema._lock_append(
  stream_id text[], stream_event_count integer[], written_tags text[], written_types text[],
  queried_tags text[], queried_types text[], lock_all boolean, lock_timeout_ms integer
) returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if lock_all then
    perform pg_advisory_xact_lock(hashtextextended(':schema appends', 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended(':schema appends', 0));
  end if;
  if 0 = any (stream_event_count) then
    perform :schema._lock_streams(array_fill(1, array[cardinality(stream_id)]), stream_id, stream_event_count);
  end if;
  perform :schema._lock_tags_and_types(
            written_tags => written_tags, written_types => written_types,
            queried_tags => queried_tags, queried_types => queried_types);
  perform set_config('lock_timeout', lock_timeout_ms::text, true);
end
$$;
