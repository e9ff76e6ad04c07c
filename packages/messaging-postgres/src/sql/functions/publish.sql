-- Adds messages to a queue in the order of the arrays, for each of its consumers. Returns how many consumers there are: with
-- none, nothing was kept. The messages of one key must be published one call after another.
create or replace function :schema.publish(
  queue text, keys text[], attributes text[], content_types text[], bodies bytea[]
) returns integer language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  consumers integer;
begin
  select count(*) into consumers
    from :schema.consumers as registered
   where registered.queue = publish.queue;
  if consumers = 0 then return 0; end if;
  insert into :schema.messages (queue, consumer, key, attributes, content_type, body)
  select publish.queue, registered.consumer, message.key, message.attributes, message.content_type, message.body
    from unnest(publish.keys, publish.attributes, publish.content_types, publish.bodies)
         with ordinality as message (key, attributes, content_type, body, place)
   cross join :schema.consumers as registered
   where registered.queue = publish.queue
   order by message.place, registered.consumer;
  return consumers;
end
$$;
