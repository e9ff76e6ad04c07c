-- 0001-inbox · not breaking

-- For each key of a source, how far a consumer has handled its messages. The key '' has the first message that it had of the
-- source.
create table :schema.inbox (
  consumer         text collate "C" not null,
  source           text collate "C" not null,
  key              text collate "C" not null,
  -- The last message that was handled. Null while the first one is not.
  sequence         text collate "C",
  -- Null when the message is not known: a gap was skipped.
  message_id       text collate "C",
  -- That of the message, and those of messages before it: an older one that is delivered again proves nothing.
  lineage          text collate "C",
  former_lineages  text[] not null default '{}',
  -- A message before the last one came with an unknown lineage: the log of the source may have gone back.
  unsure           boolean not null default false,
  -- How often the message that comes next was begun, as far as it was counted.
  attempts         integer not null default 0,
  attempt_sequence text collate "C",
  -- Why messages of the key are set aside: one failed, one before them is missing, or the log of the source went back.
  blocked          text collate "C",
  blocked_at       timestamptz,
  failed_sequence  text collate "C",
  failed_type      text,
  failed_code      text,
  failed_message   text,
  failed_at        timestamptz,
  -- When the messages that are set aside are looked at next.
  resume_at        timestamptz,
  constraint inbox_pkey primary key (consumer, source, key),
  constraint inbox_lengths check (length(consumer) between 1 and 255 and length(source) between 1 and 255
                                  and length(key) <= 300),
  constraint inbox_source_row check (key <> '' or sequence is not null and lineage is null and blocked is null),
  constraint inbox_sequence_form check (sequence ~ '^[0-9]{16}(\.[0-9]{3,16})?$'),
  constraint inbox_blocked_reason check (blocked in ('failure', 'gap', 'fork')),
  constraint inbox_blocked_time check ((blocked is null) = (blocked_at is null)),
  constraint inbox_resume_blocked check (resume_at is null or blocked is not null)
  -- Each message updates the row of its key: the free space lets its next version stay on the same page.
) with (fillfactor = 70);

create index inbox_resume_idx on :schema.inbox (consumer, resume_at) where resume_at is not null;
create index inbox_blocked_idx on :schema.inbox (consumer, source, key) where blocked is not null;
create index inbox_gap_idx on :schema.inbox (consumer, blocked_at) where blocked = 'gap' and resume_at is null;
create index inbox_unsure_idx on :schema.inbox (consumer) where unsure;

-- Messages that are set aside until it is their turn. What is no message that the consumer can place is kept under the
-- source '' and a hash, until an operator has looked at it.
create table :schema.inbox_messages (
  id              bigint generated always as identity constraint inbox_messages_pkey primary key,
  consumer        text collate "C" not null,
  source          text collate "C" not null,
  key             text collate "C" not null,
  sequence        text collate "C",
  message_id      text collate "C",
  previous        text collate "C",
  lineage         text collate "C",
  -- As the transport delivered it.
  attributes      jsonb not null,
  body            bytea not null,
  content_type    text,
  -- What is wrong with one that cannot be placed.
  problem         text,
  received_at     timestamptz not null default clock_timestamp(),
  given_up_at     timestamptz,
  given_up_by     text,
  given_up_reason text,
  constraint inbox_messages_placed check ((source = '') = (sequence is null) and (source = '') = (message_id is null)
                                          and (source = '') = (lineage is null) and (source = '') = (problem is not null)),
  constraint inbox_messages_attributes check (jsonb_typeof(attributes) = 'object'),
  constraint inbox_messages_sequence_form check (sequence ~ '^[0-9]{16}(\.[0-9]{3,16})?$'),
  constraint inbox_messages_given_up check ((given_up_at is null) = (given_up_by is null)
                                            and (given_up_at is null) = (given_up_reason is null))
);

-- A hash of the id, which may be long: an entry of an index has a limit.
create unique index inbox_messages_place_idx
  on :schema.inbox_messages (consumer, source, key, sequence, md5(message_id)) nulls not distinct;
create index inbox_messages_given_up_idx on :schema.inbox_messages (consumer, id) where given_up_at is not null;
