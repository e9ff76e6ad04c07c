-- Whether a message that names another one before it should have come after that one: the consumer had begun with the source.
create or replace function :schema._misses(consumer text, source text, previous text)
returns boolean language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select _misses.previous >= began.sequence collate "C"
                     from :schema.inbox as began
                    where began.consumer = _misses.consumer and began.source = _misses.source and began.key = ''), false)
$$;
