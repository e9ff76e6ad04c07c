-- 0001-subscriptions · not breaking
create table :schema.subscriptions (
  name            text        collate "C" not null,
  version         integer     not null,
  -- The events of a subscription are divided among its slices, each with a checkpoint and a lease of its own: this one of
  -- as many, from 0.
  slice           integer     not null default 0,
  slices          integer     not null default 1,
  -- What the processes that run it have declared, and its hash. A process with another definition leaves it alone.
  definition      jsonb       not null,
  definition_hash text        collate "C" not null,
  -- The checkpoint: every event at or below it that the subscription reads has been processed.
  position        bigint      not null default 0,
  -- When the checkpoint last moved.
  advanced_at     timestamptz not null default clock_timestamp(),
  -- Increases each time the right to advance the checkpoint changes hands. A holder of an older epoch writes nothing.
  epoch           bigint      not null default 0,
  owner           text,
  lease_until     timestamptz,
  -- The only release whose processes take the lease. Null: every one with the definition.
  for_release     text        collate "C",
  -- The process that last gave up, and until when the others are tried first.
  avoided_owner   text,
  avoided_until   timestamptz,
  -- Set while the number of slices changes: no slice goes past until_position, and when all are there, they are divided
  -- anew.
  next_slices     integer,
  until_position  bigint,
  -- True: each append processes its own events in its own transaction, so the subscription is never behind. No lease is
  -- granted then, and the position does not change.
  inline          boolean     not null default false,
  -- When appends last ceased to process its events, because one of them did not: how often in a row, and which session.
  demoted_at      timestamptz,
  demotions       integer     not null default 0,
  demoted_by      text,
  -- Not made inline again before. The time doubles with each demotion: old and new processes may append side by side.
  inline_after    timestamptz,
  -- Whether the owner makes it inline once it has caught up. A process that does may take the lease of one that does not.
  owner_promotes  boolean     not null default false,
  -- When it first reached the high-water mark: until then what it has written is incomplete.
  caught_up_at    timestamptz,
  -- Set while no process may run it, by an operator.
  paused_at       timestamptz,
  stopped_at      timestamptz,
  -- True: the processes that met the event at failed_position are older than the event. A newer one continues.
  outdated        boolean     not null default false,
  -- The releases that failed at failed_position. Another release tries again.
  failed_releases text[]      collate "C" not null default '{}',
  failed_position bigint,
  failed_type     text,
  failed_message  text,
  -- The last attempt that failed while the checkpoint was at retry_from; of no interest once it is elsewhere. Position and
  -- type of the event are missing when no single one failed.
  retry_from      bigint,
  retry_position  bigint,
  retry_type      text,
  retry_message   text,
  retry_attempts  integer,
  constraint subscriptions_pkey primary key (name, version, slice),
  constraint subscriptions_version_positive check (version > 0),
  -- That of a copy of a projection's tables, or of a replay, is longer than a name can be.
  constraint subscriptions_name_length check (length(name) between 1 and 300),
  constraint subscriptions_slice_counts check (
    slice between 0 and slices - 1 and slices <= 1024 and next_slices between 1 and 1024),
  constraint subscriptions_position_safe check (position between 0 and 9007199254740991)
  -- Every batch updates one row: the free space lets the next versions of the row stay on the same page.
) with (fillfactor = 20);

-- Keys of which an event failed: that event and all later ones of the key are set aside, in order, and the others go on.
create table :schema.parked_keys (
  name            text        collate "C" not null,
  version         integer     not null,
  slice           integer     not null,
  key             text        collate "C" not null,
  parked_at       timestamptz not null default clock_timestamp(),
  failed_position bigint      not null,
  failed_type     text        not null,
  failed_message  text        not null,
  failed_at       timestamptz not null default clock_timestamp(),
  release         text        not null,
  attempts        integer     not null,
  -- When the leader processes the key's events: null for a key that waits to be resumed or given up.
  resume_at       timestamptz,
  constraint parked_keys_pkey primary key (name, version, slice, key)
);

-- Most keys are due at no time.
create index parked_keys_resume_at_idx on :schema.parked_keys (name, version, slice, resume_at)
  where resume_at is not null;

-- The events that were set aside. What they are is in the log.
create table :schema.parked_events (
  name     text    collate "C" not null,
  version  integer not null,
  slice    integer not null,
  key      text    collate "C" not null,
  position bigint  not null,
  constraint parked_events_pkey primary key (name, version, slice, key, position),
  constraint parked_events_key_fkey foreign key (name, version, slice, key)
    references :schema.parked_keys (name, version, slice, key) on delete cascade on update cascade
);

-- For waits, which ask whether the event at a position was set aside. The position is first, so that this index never seems
-- as good as the primary key to a plan for the events of a key, which is made while the table has no statistics.
create index parked_events_position_idx on :schema.parked_events (position, name, version);

-- Parked events that are never processed: who decided it, when and why.
create table :schema.given_up_events (
  id              bigint      generated always as identity,
  name            text        collate "C" not null,
  version         integer     not null,
  slice           integer     not null,
  key             text        collate "C" not null,
  positions       bigint[]    not null,
  given_up_at     timestamptz not null default clock_timestamp(),
  given_up_by     text        not null,
  reason          text        not null,
  failed_position bigint      not null,
  failed_type     text        not null,
  failed_message  text        not null,
  failed_at       timestamptz not null,
  release         text        not null,
  attempts        integer     not null,
  -- When a reset began to process them after all. Null: they are not processed.
  reset_at        timestamptz,
  constraint given_up_events_pkey primary key (id)
);
create index given_up_events_name_idx on :schema.given_up_events (name, version, id);

-- The processes that run subscriptions now. One whose lease has expired is gone, or cannot reach the database.
create table :schema.runners (
  owner       text        collate "C" not null,
  lease_until timestamptz not null,
  constraint runners_pkey primary key (owner)
) with (fillfactor = 50);

-- What each of them runs. It is given leases of rows with this definition that did not stop for its release.
create table :schema.runner_subscriptions (
  name            text    collate "C" not null,
  version         integer not null,
  owner           text    collate "C" not null,
  definition_hash text    collate "C" not null,
  release         text    collate "C" not null,
  -- Whether it makes the subscription inline.
  promotes        boolean not null,
  -- False while it could not run it.
  able            boolean not null,
  constraint runner_subscriptions_pkey primary key (name, version, owner),
  constraint runner_subscriptions_owner_fkey foreign key (owner) references :schema.runners (owner) on delete cascade
);
create index runner_subscriptions_owner_idx on :schema.runner_subscriptions (owner);

-- Runs under the exclusive inline lock: no append is processing events of the subscription, so all of them are processed.
create function :schema._demote_subscription() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set inline = false,
         position = greatest(subscription.position, (select max(stored.position) from :schema.events as stored)),
         demotions = next.demotions,
         inline_after = clock_timestamp()
                        + least(interval '10 minutes', interval '5 seconds' * 2 ^ least(next.demotions - 1, 10)),
         demoted_at = clock_timestamp(),
         demoted_by = concat_ws(' ', session_user, nullif(current_setting('application_name'), ''), inet_client_addr())
    from (select case when before.demoted_at > clock_timestamp() - interval '20 minutes'
                      then before.demotions + 1 else 1 end as demotions
            from :schema.subscriptions as before
           where before.name = old.name
             and before.version = old.version
             and before.slice = old.slice) as next
   where subscription.name = old.name
     and subscription.version = old.version
     and subscription.slice = old.slice
     and subscription.inline;
  return null;
end
$$;
revoke execute on function :schema._demote_subscription() from public;

create trigger inline_projections_removed after delete on :schema.inline_projections
  for each row execute function :schema._demote_subscription();

-- How each slice of each subscription is doing, in the words of status(). Without payloads; a message of a failure is that
-- of the code that failed. It has the rights of its owner, so that roles without rights on the log may read it.
--
-- lag_seconds: the age of the first event after the checkpoint that the subscription reads, found among the next 1,000
-- events; when these are of other types, the age of the last of them, which is more. For each slice one range of the
-- primary key of events.
create view :schema.subscription_status as
select subscription.name,
       subscription.version,
       subscription.slice,
       subscription.slices,
       case when subscription.stopped_at is not null and subscription.outdated then 'outdated'
            when subscription.stopped_at is not null then 'stopped'
            when subscription.inline then 'inline'
            when subscription.paused_at is not null then 'paused'
            when not coalesce(subscription.lease_until > clock_timestamp(), false) then 'waiting'
            when still.seconds > 10 then 'stalled'
            else 'running' end as state,
       case when subscription.inline then log.mark else subscription.position end as position,
       case when subscription.inline then 0 else greatest(0, log.mark - subscription.position) end as lag,
       greatest(0, coalesce(extract(epoch from clock_timestamp() - wanted.recorded_at), 0))::double precision as lag_seconds,
       subscription.caught_up_at is not null as caught_up,
       case when subscription.lease_until > clock_timestamp() then subscription.owner end as owner,
       -- Whether a process that may take the lease is running.
       exists (select from :schema.runner_subscriptions as run
                 join :schema.runners as runner on runner.owner = run.owner
                where run.name = subscription.name
                  and run.version = subscription.version
                  and run.definition_hash = subscription.definition_hash
                  and run.release = coalesce(subscription.for_release, run.release)
                  and run.able
                  and runner.lease_until >= clock_timestamp()) as has_process,
       subscription.advanced_at,
       still.seconds as still_seconds,
       parked.keys as parked_keys,
       parked.events as parked_events,
       case when not subscription.inline and subscription.inline_after > clock_timestamp()
            then subscription.demoted_at end as demoted_at,
       case when subscription.stopped_at is not null then subscription.failed_position end as failed_position,
       case when subscription.stopped_at is not null then subscription.failed_type end as failed_type,
       case when subscription.stopped_at is not null then subscription.failed_message end as failed_message,
       retry.position as retry_position,
       retry.type as retry_type,
       retry.message as retry_message,
       retry.attempts as retry_attempts,
       holder.what as held_by,
       subscription.definition_hash
  from :schema.subscriptions as subscription
 cross join (
        -- A standby does not see the locks that the mark is made of.
        select case when pg_is_in_recovery() or current_setting('transaction_isolation') <> 'read committed'
                    then (select coalesce(max(stored.position), 0) from :schema.events as stored)
                    else :schema.high_water_mark() end as mark
       ) as log
  left join lateral (
        select event.recorded_at
          from :schema.events as event
         where not subscription.inline
           and event.position > subscription.position
         order by event.position
         limit 1
       ) as waiting on true
 cross join lateral (
        select extract(epoch from clock_timestamp() - greatest(subscription.advanced_at, waiting.recorded_at))
                 ::double precision as seconds
         where waiting.recorded_at is not null
        union all
        select null where waiting.recorded_at is null
       ) as still
  left join lateral (
        select next.recorded_at
          from (select event.position, event.type, event.recorded_at
                  from :schema.events as event
                 where waiting.recorded_at is not null
                   and event.position > subscription.position
                 order by event.position
                 limit 1000) as next
         order by (subscription.definition -> 'eventTypes') ? next.type desc,
                  case when (subscription.definition -> 'eventTypes') ? next.type then next.position else -next.position end
         limit 1
       ) as wanted on true
 cross join lateral (
        select count(distinct held.key) as keys, count(*) as events
          from :schema.parked_events as held
         where held.name = subscription.name
           and held.version = subscription.version
           and held.slice = subscription.slice
       ) as parked
  -- What failed last and is tried again by itself: all of the slice, or else a key that waits.
  left join lateral (
        select last.position, last.type, last.message, last.attempts
          from (select 1 as place, subscription.retry_position as position, subscription.retry_type as type,
                       subscription.retry_message as message, subscription.retry_attempts as attempts
                 where subscription.retry_from = subscription.position
                   and waiting.recorded_at is not null
                 union all
                (select 2, failing.failed_position, failing.failed_type, failing.failed_message, failing.attempts
                   from :schema.parked_keys as failing
                  where failing.name = subscription.name
                    and failing.version = subscription.version
                    and failing.slice = subscription.slice
                    and failing.resume_at is not null
                    and failing.attempts > 0
                  order by failing.failed_at desc
                  limit 1)) as last
         order by last.place
         limit 1
       ) as retry on subscription.stopped_at is null and subscription.paused_at is null
  -- For whom a slice that has not moved waits, in words: the append in flight that holds the mark back, or the transaction
  -- that has locked its row, so that no process can take the lease. Within, the condition keeps the locks of the server from
  -- being listed for each row.
  left join lateral (
        select found.lock || concat_ws(' ', activity.usename, nullif(activity.application_name, ''),
                                       coalesce('(backend ' || found.pid || ')', 'a prepared transaction')) as what
          from (select 'the append of ' as lock, writer.pid
                  from pg_locks as writer
                 cross join (select drawn.last_value as top from :schema.event_position as drawn) as log_end
                 where still.seconds > 2
                   and subscription.position >= log.mark
                   and writer.locktype = 'advisory'
                   and writer.database = (select oid from pg_database where datname = current_database())
                   and writer.classid = ':schema.events'::regclass::oid
                   and writer.objsubid = 2
                   -- The one with the lowest floor: see _high_water_mark.
                 order by (((writer.objid::bigint - log_end.top - 16777216) % 2147483648) + 2147483648) % 2147483648
                 limit 1) as found
          left join pg_stat_activity as activity on activity.pid = found.pid
         union all
        select 'the transaction of ' || concat_ws(' ', activity.usename, nullif(activity.application_name, ''),
                                                  '(backend ' || row_lock.pid || ')')
          from pg_locks as row_lock
          join pg_stat_activity as activity on activity.pid = row_lock.pid
         where still.seconds > 2
           and not coalesce(subscription.lease_until > clock_timestamp(), false)
           and row_lock.locktype = 'transactionid'
           and row_lock.granted
           and row_lock.transactionid = subscription.xmax
         limit 1
       ) as holder on subscription.stopped_at is null and subscription.paused_at is null;
