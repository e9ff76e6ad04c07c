-- 0001-log · not breaking
create sequence :schema.event_position as bigint minvalue 1 maxvalue 9007199254740991 cache 1 no cycle;

-- The columns that a writer sends are described in event-columns.ts; the other four are set by the append functions.
create table :schema.events (
  position       bigint      not null,
  stream_version bigint      not null,
  recorded_at    timestamptz not null,
  schema_version integer     not null,
  stream_id      text        collate "C" not null,
  event_id       text        collate "C" not null,
  type           text        collate "C" not null,
  data           jsonb       not null,
  metadata       jsonb       not null,
  tags           text[]      collate "C" not null,
  -- Bytes of the JSON as a reader gets it: jsonb writes 1e300 with all of its digits. Pages are bounded by it.
  size           integer     not null generated always as (octet_length(data::text) + octet_length(metadata::text)) stored,
  constraint events_pkey primary key (position),
  constraint events_stream_version_key unique (stream_id, stream_version),
  constraint events_event_id_key unique (event_id),
  constraint events_position_safe check (position between 1 and 9007199254740991),
  constraint events_stream_version_safe check (stream_version between 1 and 9007199254740991),
  constraint events_schema_version_positive check (schema_version > 0),
  constraint events_stream_id_length check (char_length(stream_id) between 1 and 255),
  constraint events_event_id_length check (char_length(event_id) between 1 and 255),
  constraint events_type_length check (char_length(type) between 1 and 255)
);

-- Never compressed: pg_column_size is then the size of the tags in memory.
alter table :schema.events alter column tags set storage external;

-- Partial: events without tags are not in the index. fastupdate is off because every search would read the whole list
-- of pending entries (up to 4 ms), which saves a tagged insert 3 µs.
create index events_tags_idx on :schema.events using gin (tags) with (fastupdate = off) where tags <> '{}';

alter sequence :schema.event_position owned by :schema.events.position;

-- A trigger function cannot be dropped while its trigger exists, so it is created here and not among the functions that
-- an upgrade replaces.
create function :schema._reject_mutation() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'the log %.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'LF003', hint = 'record a new event that corrects the old one';
end
$$;
revoke execute on function :schema._reject_mutation() from public;

create trigger events_append_only before update or delete or truncate on :schema.events
  for each statement execute function :schema._reject_mutation();

-- "always": the trigger also fires under session_replication_role = replica.
alter table :schema.events enable always trigger events_append_only;

create table :schema.snapshots (
  stream_id      text        collate "C" not null,
  key            text        collate "C" not null,
  stream_version bigint      not null,
  position       bigint      not null,
  state          jsonb       not null,
  saved_at       timestamptz not null default clock_timestamp(),
  constraint snapshots_pkey primary key (stream_id, key)
);

-- The projections that are inline: appends of their event types apply them, in the same transaction. A row is added under
-- the exclusive append lock, and removed under the exclusive inline lock; see _append_batch.
create table :schema.inline_projections (
  name            text    collate "C" not null,
  version         integer not null,
  slice           integer not null,
  definition_hash text    collate "C" not null,
  event_types     text[]  collate "C" not null,
  identity        text    collate "C" not null
                  generated always as (name || '/' || version::text || '/' || definition_hash) stored,
  constraint inline_projections_pkey primary key (name, version, slice)
);

-- One row: which log this is, and the largest event that it takes.
create table :schema.log (
  log_id         text    collate "C" not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 16),
  restore_count  integer not null default 0,
  -- Bytes of an event's JSON, as its column size counts them. Twice the limit of the writers, who do not count the spaces
  -- that jsonb writes. A reader holds at least one event in memory, whoever appended it.
  max_event_size integer not null default 2097152,
  only_row       boolean not null default true,
  constraint log_pkey primary key (only_row),
  constraint log_only_row check (only_row)
);
insert into :schema.log default values;

-- The lineage: a text that differs whenever the log may have gone back since a process last saw it. It differs in
-- another log, after mark_restored(), in a restored dump or a copy of the database (the path of the table has the oids of
-- both), on another server or after a restart (a promoted standby, restored files), and after a crash, which discards the
-- statistics.
-- A view, because Postgres writes it into the statements of the append functions, and calls no function for it.
create view :schema.lineage as
  select pg_catalog.concat_ws('.', log.log_id, log.restore_count,
                              pg_catalog.pg_relation_filepath(':schema.events'::pg_catalog.regclass),
                              pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()),
                              pg_catalog.date_part('epoch', pg_catalog.pg_stat_get_bgwriter_stat_reset_time())) as lineage
    from :schema.log;
