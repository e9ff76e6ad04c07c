-- Remembers the first message that a consumer has of a source: those before it are not missed. Call it in a transaction of
-- its own before the first message of a source is received; again, nothing changes.
create or replace function :schema.begin_source(consumer text, source text, sequence text)
returns void language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.inbox (consumer, source, key, sequence)
  values (begin_source.consumer, begin_source.source, '', begin_source.sequence)
      on conflict on constraint inbox_pkey do nothing
$$;
