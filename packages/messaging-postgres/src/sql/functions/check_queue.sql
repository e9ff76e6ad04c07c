-- Writes as a publish does, without a message.
create or replace function :schema.check_queue(queue text)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.canaries as canary (queue, written_at)
  values (check_queue.queue, clock_timestamp())
      on conflict on constraint canaries_pkey do update set written_at = excluded.written_at
$$;
