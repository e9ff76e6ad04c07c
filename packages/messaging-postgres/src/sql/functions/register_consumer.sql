-- Lets a consumer have the messages that are published from now on. Again: nothing changes.
create or replace function :schema.register_consumer(queue text, consumer text)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.consumers (queue, consumer)
  values (register_consumer.queue, register_consumer.consumer)
      on conflict do nothing
$$;
