-- 0001-inline-projections · not breaking

-- Which of these projections the calling append has to apply: their places in the arguments, from 1, as text separated
-- by commas, whatever parsers the caller's connection has.
--
-- The answer cannot change until the transaction ends: the append holds the inline lock. Needs read committed.
create function :schema._inline_projections(names text[], versions integer[], definition_hashes text[])
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select string_agg(wanted.place::text, ',')
            from unnest(names, versions, definition_hashes) with ordinality as wanted (name, version, definition_hash, place)
            join :schema.subscriptions as subscription
              on subscription.name = wanted.name
             and subscription.version = wanted.version
             and subscription.definition_hash = wanted.definition_hash
             and subscription.slice = 0
           where subscription.inline);
end
$$;

-- Waits until every append that applies inline projections has ended, and blocks further ones until this transaction
-- ends.
create function :schema._lock_inline_projections() returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended(':schema inline projections', 0))
$$;

revoke execute on function
  :schema._inline_projections(text[], integer[], text[]),
  :schema._lock_inline_projections()
  from public;

-- Copies of the tables of versions that are there now: being built, or those that served before the last switch. The
-- subscription of a copy is named like the projection, with "+copy".
create table :schema.projection_copies (
  name              text        collate "C" not null,
  version           integer     not null,
  -- Of the rebuild that made the copy.
  rebuild_id        uuid        not null default gen_random_uuid(),
  -- building: it is to serve once it has caught up. previous: it has served, until the last switch.
  state             text        collate "C" not null,
  -- Whether the process that builds it also lets it serve. Otherwise the process that asked for it decides.
  switches          boolean     not null,
  -- Whether it may serve when it sets events aside that the tables that serve have applied.
  parks_more        boolean     not null default false,
  -- Most events that are processed in a second, by all slices together. Null: as many as possible.
  events_per_second double precision,
  began_at          timestamptz not null default clock_timestamp(),
  switched_at       timestamptz,
  -- Since when the speed is measured, and from which position on.
  measured_at       timestamptz not null default clock_timestamp(),
  measured_from     bigint      not null default 0,
  -- Why the last attempt to let it serve was undone, and when.
  refusal           text,
  refused_at        timestamptz,
  constraint projection_copies_pkey primary key (name, version),
  constraint projection_copies_state_known check (state in ('building', 'previous')),
  constraint projection_copies_rate_positive check (events_per_second between 1 and 9007199254740991)
);

-- Gives up for a copy that is being built what is given up for the tables that serve. The term that builds it ends: the next
-- one knows. Waits for the batch of the copy that is being written.
create function :schema._give_up_for_copy() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  subscribed constant text := new.name || '+copy';
  building record;
begin
  perform :schema._lock_subscription(subscribed, new.version);
  select copy.switched_at into building
    from :schema.projection_copies as copy
   where copy.name = new.name
     and copy.version = new.version
     and copy.state = 'building';
  if not found then return null; end if;
  perform :schema._carry_given_up(new.version, new.name, subscribed, building.switched_at is not null);
  update :schema.subscriptions as one
     set epoch = one.epoch + 1, owner = null, lease_until = null
   where one.name = subscribed
     and one.version = new.version;
  update :schema.projection_copies as copy
     set refusal = :schema._not_given_up(new.name, new.version),
         refused_at = clock_timestamp()
   where copy.name = new.name
     and copy.version = new.version
     and :schema._not_given_up(new.name, new.version) is not null;
  return null;
end
$$;

revoke execute on function :schema._give_up_for_copy() from public;

create trigger given_up_for_copy after insert on :schema.given_up_events
  for each row when (position('+' in new.name) = 0) execute function :schema._give_up_for_copy();
