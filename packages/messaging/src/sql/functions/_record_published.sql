-- The sequences of the last messages of these keys, in the transaction that moves the relay's checkpoint.
create or replace function :schema._record_published(relay text, keys text[], sequences text[])
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into :schema.published_keys as published (relay, key, sequence)
  select _record_published.relay, last.key, last.sequence
    from unnest(_record_published.keys, _record_published.sequences) as last (key, sequence)
   order by last.key
      on conflict on constraint published_keys_pkey do update set sequence = excluded.sequence
$$;
