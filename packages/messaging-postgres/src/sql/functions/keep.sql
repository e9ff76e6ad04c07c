-- Keeps the messages of a receiver from others for some more time; with no time, others get them at once. Returns how many
-- it has.
create or replace function :schema.keep(
  queue text, consumer text, receiver text, invisible_ms double precision
) returns bigint language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  with kept as (
    update :schema.messages as message
       set invisible_until = clock_timestamp() + least(greatest(keep.invisible_ms, 0), 86400000) * interval '1 millisecond'
     where message.queue = keep.queue
       and message.consumer = keep.consumer
       and message.receiver = keep.receiver
       and message.invisible_until > clock_timestamp()
    returning message.id
  )
  select count(*) from kept
$$;
