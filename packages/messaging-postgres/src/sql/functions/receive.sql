-- Gives the next messages of a consumer to a receiver, in their order: no other receiver gets them, nor later messages with
-- their keys, until they are acknowledged or the time is over. A first message is given whatever its size: when that is more
-- than most_bytes, without its body, which read_body() gives.
create or replace function :schema.receive(
  queue text, consumer text, receiver text, most integer, most_bytes bigint, invisible_ms double precision
) returns table (
  id bigint, attributes text, content_type text, body bytea, bytes integer, deliveries integer
)
language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  chosen bigint[];
begin
  if (invisible_ms between 100 and 86400000 and length(receiver) between 1 and 255
      and most between 1 and 10000 and most_bytes between 1 and 1073741824) is not true then
    raise invalid_parameter_value using message = 'receive() takes a receiver of 1 to 255 characters, most from 1 to 10000, most_bytes from 1 to 1 GiB, and invisible_ms from 100 to a day';
  end if;
  -- One receiver after another looks which keys are taken.
  perform pg_advisory_xact_lock(hashtextextended(':schema receive ' || receive.consumer, hashtextextended(receive.queue, 0)));
  -- Found first and then changed by their ids: as one statement they would be joined, by a plan that is made while the
  -- table has no statistics.
  select array_agg(sized.id) into chosen
    from (select free.id,
                 sum(free.bytes) over (order by free.id) as total,
                 row_number() over (order by free.id) as place
            from (select message.id, octet_length(message.body) as bytes
                    from :schema.messages as message
                   where message.queue = receive.queue
                     and message.consumer = receive.consumer
                     and (message.receiver is null or message.invisible_until <= clock_timestamp())
                     and not exists (select from :schema.messages as taken
                                      where taken.queue = receive.queue
                                        and taken.consumer = receive.consumer
                                        and taken.key = message.key
                                        and taken.receiver is not null
                                        and taken.receiver <> receive.receiver
                                        and taken.invisible_until > clock_timestamp())
                   order by message.id
                   limit most) as free) as sized
   where sized.total <= most_bytes or sized.place = 1;
  return query
  with given as (
    update :schema.messages as message
       set receiver = receive.receiver,
           invisible_until = clock_timestamp() + invisible_ms * interval '1 millisecond',
           deliveries = message.deliveries + 1
     where message.id = any (chosen)
    returning message.id, message.attributes, message.content_type, octet_length(message.body) as bytes,
              case when octet_length(message.body) <= receive.most_bytes then message.body end as body, message.deliveries
  )
  select given.id, given.attributes, given.content_type, given.body, given.bytes, given.deliveries
    from given
   order by given.id;
end
$$;
