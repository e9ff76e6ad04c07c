-- The body of a message that a receiver was given without it. No row when its time was over.
create or replace function :schema.read_body(queue text, consumer text, receiver text, id bigint)
returns table (body bytea) language sql stable security definer
  set search_path = pg_catalog, pg_temp
as $$
  select message.body
    from :schema.messages as message
   where message.queue = read_body.queue
     and message.consumer = read_body.consumer
     and message.id = read_body.id
     and message.receiver = read_body.receiver
     and message.invisible_until > clock_timestamp()
$$;
