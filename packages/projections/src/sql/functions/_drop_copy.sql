-- Drops the copy of a version's tables, and all that is known of it. False when there is none. Waits for batches that are
-- written to it, and for transactions that read it: two seconds, for batches of the version wait meanwhile.
create or replace function :schema._drop_copy(name text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
  copied constant text := :schema._projection_schema(name, version, true);
  subscribed constant text := name || '+copy';
  tables text;
  began_at constant timestamptz := clock_timestamp();
  was_there boolean;
begin
  perform :schema._lock_subscription(_drop_copy.name, _drop_copy.version);
  -- A batch writes to the tables, and then to its row: in another order, each would wait for the other.
  select string_agg(format('%I.%I', copied, class.relname), ', ' order by class.relname) into tables
    from pg_class as class
   where class.relnamespace = to_regnamespace(quote_ident(copied)) and class.relkind in ('r', 'p');
  while tables is not null loop
    begin
      -- All or none: a batch may write to them in another order.
      execute 'lock table ' || tables || ' in access exclusive mode nowait';
      exit;
    exception when lock_not_available then
      if clock_timestamp() > began_at + interval '2 seconds' then raise; end if;
      perform pg_sleep(0.01);
    end;
  end loop;
  perform :schema._lock_subscription(subscribed, _drop_copy.version);
  delete from :schema.projection_copies as copy
   where copy.name = _drop_copy.name
     and copy.version = _drop_copy.version;
  was_there := found;
  delete from :schema.subscriptions as subscription
   where subscription.name = subscribed
     and subscription.version = _drop_copy.version;
  delete from :schema.parked_keys as parked
   where parked.name = subscribed
     and parked.version = _drop_copy.version;
  delete from :schema.given_up_events as given_up
   where given_up.name = subscribed
     and given_up.version = _drop_copy.version;
  if to_regnamespace(quote_ident(copied)) is not null then
    execute format('drop schema %I cascade', copied);
  end if;
  return was_there;
end
$$;
