-- Drops the tables of a replay, and all that is known of it. False when it is gone. Waits for transactions that use them.
create or replace function :schema._drop_replay(subscribed text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  replayed constant text := :schema._replay_schema(subscribed);
  was_there boolean;
begin
  perform :schema._lock_subscription(subscribed, _drop_replay.version);
  delete from :schema.subscriptions as subscription
   where subscription.name = subscribed and subscription.version = _drop_replay.version;
  was_there := found;
  delete from :schema.parked_keys as parked
   where parked.name = subscribed and parked.version = _drop_replay.version;
  delete from :schema.given_up_events as given_up
   where given_up.name = subscribed and given_up.version = _drop_replay.version;
  if to_regnamespace(quote_ident(replayed)) is not null then
    execute format('drop schema %I cascade', replayed);
  end if;
  return was_there;
end
$$;
