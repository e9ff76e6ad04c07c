-- Sets the keys that have messages from a sequence on back to their last message before it; those without one are
-- forgotten. In the transaction that sets the relay's checkpoint back.
create or replace function :schema._rewind_published(relay text, first_sequence text, keys text[], sequences text[])
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from :schema.published_keys as published
   where published.relay = _rewind_published.relay
     and published.sequence >= _rewind_published.first_sequence
     and published.key <> all (_rewind_published.keys);
  update :schema.published_keys as published
     set sequence = last.sequence
    from unnest(_rewind_published.keys, _rewind_published.sequences) as last (key, sequence)
   where published.relay = _rewind_published.relay
     and published.key = last.key
     and published.sequence >= _rewind_published.first_sequence;
$$;
