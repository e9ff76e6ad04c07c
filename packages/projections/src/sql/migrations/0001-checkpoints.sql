-- 0001-checkpoints · not breaking
create table :schema.checkpoints (
  projection      text        collate "C" not null,
  version         integer     not null,
  -- Applied is every event at or below it that the projection reads.
  position        bigint      not null default 0,
  -- Raised whenever somebody else may advance the checkpoint: whoever knows an older one writes nothing any more.
  epoch           bigint      not null default 0,
  owner           text,
  lease_until     timestamptz,
  -- True: appends apply the projection themselves, and the position stands still.
  inline          boolean     not null default false,
  stopped_at      timestamptz,
  failed_position bigint,
  failed_type     text,
  failed_message  text,
  constraint checkpoints_pkey primary key (projection, version),
  constraint checkpoints_version_positive check (version > 0),
  constraint checkpoints_position_safe check (position between 0 and 9007199254740991)
  -- Room for the next versions of a row on its own page: every batch writes one.
) with (fillfactor = 20);

-- Which of these projections the calling append has to apply itself: their names, separated by commas.
--
-- Until the transaction ends nobody can change which ones those are.
create function :schema.inline_projections(names text[], versions integer[]) returns text
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(':schema inline projections', 0));
  -- A statement of its own: its snapshot is newer than the lock. In one statement it would be older, and an append
  -- that waited for the lock would not see what changed meanwhile.
  return (select string_agg(checkpoint.projection, ',')
            from unnest(names, versions) as wanted (projection, version)
            join :schema.checkpoints as checkpoint
              on checkpoint.projection = wanted.projection
             and checkpoint.version = wanted.version
           where checkpoint.inline);
end
$$;

-- Waits until every append that asked has ended, and lets none ask until this transaction ends.
create function :schema.hold_inline_projections() returns void language sql volatile as $$
  select pg_advisory_xact_lock(hashtextextended(':schema inline projections', 0))
$$;
