-- Ends messages that a receiver has handled. Those that it has no more, because its time was over, stay.
create or replace function :schema.acknowledge(queue text, consumer text, receiver text, ids bigint[])
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from :schema.messages as message
   where message.queue = acknowledge.queue
     and message.consumer = acknowledge.consumer
     and message.id = any (acknowledge.ids)
     and message.receiver = acknowledge.receiver
$$;
