-- 0001-processes · not breaking

-- One row for each instance of a process, for operators: where it stands as of the events that its runner has done. The
-- state itself is in the stream of the instance.
create table :schema.process_instances (
  process        text collate "C" not null,
  id             text collate "C" not null,
  version        integer          not null,
  status         text             not null,
  summary        text,
  failure        text,
  stream_version bigint           not null,
  -- The hash of the definition that it began with, or was moved to.
  definition     text,
  started_at     timestamptz      not null,
  updated_at     timestamptz      not null,
  constraint process_instances_pkey primary key (process, id),
  constraint process_instances_lengths check (length(process) between 1 and 100 and length(id) between 1 and 255),
  constraint process_instances_version check (version > 0),
  constraint process_instances_stream_version check (stream_version between 1 and 9007199254740991),
  constraint process_instances_times check (isfinite(started_at) and isfinite(updated_at)),
  constraint process_instances_status check (status in ('running', 'paused', 'completed', 'failed', 'cancelled'))
  -- An instance is updated some times soon after each other.
) with (fillfactor = 80);

create index process_instances_by_status on :schema.process_instances (process, status, id) include (version);

-- The open deadlines. `number` is the stream version of the event that set it, and tells it from others of its name.
create table :schema.process_deadlines (
  process     text collate "C" not null,
  id          text collate "C" not null,
  deadline    text collate "C" not null,
  number      bigint           not null,
  due_at      timestamptz      not null,
  -- Cancelled by the next input of this type.
  until_input text collate "C",
  -- That of the event that set it, for the input that follows.
  metadata    jsonb            not null,
  -- When it is tried next: later than due_at after an attempt that failed.
  fire_at     timestamptz      not null,
  -- Those that failed.
  attempts    integer          not null default 0,
  -- What the last of them threw.
  failure     text,
  -- Recorded as an input; the row goes when the runner has done that input.
  fired_at    timestamptz,
  constraint process_deadlines_pkey primary key (process, id, deadline),
  constraint process_deadlines_lengths check (length(deadline) between 1 and 100 and length(failure) <= 2000),
  -- What JavaScript holds: its numbers, and the times of a Date.
  constraint process_deadlines_number check (number between 1 and 9007199254740991),
  constraint process_deadlines_due_at check (isfinite(due_at) and due_at <= to_timestamp(8640000000000)),
  constraint process_deadlines_fire_at check (isfinite(fire_at)),
  constraint process_deadlines_metadata check (jsonb_typeof(metadata) = 'object'),
  constraint process_deadlines_attempts check (attempts >= 0)
);

create index process_deadlines_due on :schema.process_deadlines (process, fire_at) where fired_at is null;
create index process_deadlines_failing on :schema.process_deadlines (process, due_at, id, deadline)
 where attempts > 0 and fired_at is null;
