-- Appends one event to one stream, in as few statements as possible. event_position is null, and nothing was appended,
-- when the stream is not at the expected version or seemed not to be, the log has another lineage, or a projection that
-- is inline reads the event's type; the caller then
-- repeats the append with _append_batch, which reports the reason. expected_version, lineage and lock_timeout_ms are as in
-- _append_batch.
--
-- One statement looks up the version and inserts. A version taken by another writer in between raises a unique
-- violation, and so does a known event id.
--
-- Runs with the rights of its owner, as all functions that write: a role appends through them alone.
--
-- The only function that sets no search_path: setting it takes up to 10 µs of a call that takes 100. Each type, function
-- and operator names its schema instead.
create or replace function :schema._append_one(
  stream_id text, expected_version bigint,
  :event_arguments,
  lineage text default null, lock_timeout_ms integer default 0,
  out stream_version bigint, out event_position bigint, out recorded_at timestamptz
) language plpgsql volatile security definer as $$
declare
  -- A quick test, and the exact one for what it does not pass.
  is_valid constant boolean :=
    coalesce(
      pg_catalog.octet_length(stream_id) operator(pg_catalog.<=) 255 and stream_id operator(pg_catalog.<>) ''
      and pg_catalog.octet_length(event_id) operator(pg_catalog.<=) 255 and event_id operator(pg_catalog.<>) ''
      and pg_catalog.octet_length(event_type) operator(pg_catalog.<=) 255 and event_type operator(pg_catalog.<>) ''
      and (stream_id operator(pg_catalog.||) event_id operator(pg_catalog.||) event_type
           operator(pg_catalog.||) pg_catalog.array_to_string(event_tags, '')) operator(pg_catalog.!~) E'[\\u0001-\\u001f\\u007f]'
      and event_schema_version operator(pg_catalog.>) 0 and event_data is not null
      and pg_catalog.octet_length(event_data::pg_catalog.text)
          operator(pg_catalog.+) pg_catalog.octet_length(event_metadata::pg_catalog.text) operator(pg_catalog.<=) 2097152
      and pg_catalog.jsonb_typeof(event_metadata) operator(pg_catalog.=) 'object'
      and (event_tags operator(pg_catalog.=) '{}'
           or pg_catalog.array_ndims(event_tags) operator(pg_catalog.=) 1
              and pg_catalog.cardinality(event_tags) operator(pg_catalog.<=) 64
              and pg_catalog.octet_length(pg_catalog.array_to_string(event_tags, '')) operator(pg_catalog.<=) 255
              and '' operator(pg_catalog.<>) all (event_tags)), false)
    or :schema._validate_event(
         stream_id, event_id, event_type, event_schema_version, event_data, event_metadata, event_tags);
  -- The same locks as in _append_batch, in the same order, but for the inline lock: this function applies no projection.
  -- They are taken by expressions, which take a third of the time
  -- of a statement.
  append_locked constant boolean := pg_catalog.pg_advisory_xact_lock_shared(
    pg_catalog.hashtextextended(':schema appends', 0)) is not null;
  lock_timeout_set constant boolean := lock_timeout_ms operator(pg_catalog.>) 0
    and pg_catalog.set_config('lock_timeout', lock_timeout_ms::pg_catalog.text, true) is not null;
  tags_locked constant boolean := event_tags operator(pg_catalog.=) '{}'
    or :schema._lock_tags_and_types(event_tags, null);
  type_locked constant boolean := pg_catalog.pg_advisory_xact_lock_shared(
    (':schema.events'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.int8 operator(pg_catalog.<<) 32)
    operator(pg_catalog.+) 512
    operator(pg_catalog.+) (pg_catalog.hashtext(event_type) operator(pg_catalog.&) 63)) is not null;
  writer_locked constant boolean := pg_catalog.pg_advisory_xact_lock_shared(
    ':schema.events'::pg_catalog.regclass::pg_catalog.oid::integer,
    (coalesce(pg_catalog.pg_sequence_last_value(':schema.event_position'::pg_catalog.regclass), 0)
       operator(pg_catalog.%) 2147483648)::integer) is not null;
begin
  -- "offset 0": the version is looked up once, although it is used three times.
  insert into :schema.events as added
         (position, stream_id, stream_version, recorded_at,
          :event_columns)
  select pg_catalog.nextval(':schema.event_position'::pg_catalog.regclass),
         _append_one.stream_id, latest.stream_version operator(pg_catalog.+) 1, pg_catalog.clock_timestamp(),
         :event_values
    from (select coalesce((select stored.stream_version
                             from :schema.events as stored
                            where stored.stream_id operator(pg_catalog.=) _append_one.stream_id
                            order by stored.stream_version desc
                            limit 1), 0) as stream_version
          offset 0) as latest
   where case when expected_version operator(pg_catalog.=) -1 then true
              when expected_version operator(pg_catalog.=) -2 then latest.stream_version operator(pg_catalog.>) 0
              else latest.stream_version operator(pg_catalog.=) expected_version end
     and (_append_one.lineage is null
          or _append_one.lineage operator(pg_catalog.=) (select now.lineage from :schema.lineage as now))
     and not exists (select from :schema.inline_projections as inline
                      where _append_one.event_type operator(pg_catalog.=) any (inline.event_types))
     and pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'
  returning added.position, added.stream_version operator(pg_catalog.-) 1, added.recorded_at
       into event_position, stream_version, recorded_at;
end
$$;
