-- Has messages of different keys received whose effects are in the transaction already: false when one of them is not the
-- next one of its key, or others of the key are set aside. Roll back then.
--
-- False, too, when another transaction has the row of a key: that one may wait for what the effects have locked.
create or replace function :schema._receive_next(
  consumer text, sources text[], keys text[], sequences text[], message_ids text[], previouses text[], lineages text[]
) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  received integer;
begin
  -- One statement, since each UPDATE reads the constraints of the table anew. Each row is found by its key, and then by its
  -- place: joined by keys, all keys of the consumer could be read.
  update :schema.inbox as one
     set sequence = taken.sequence, message_id = taken.message_id, attempts = 0, attempt_sequence = null
    from (select found.place, next.sequence, next.message_id
            from unnest(sources, keys, sequences, message_ids, previouses, lineages)
                   as next (source, key, sequence, message_id, previous, lineage)
           cross join lateral (
                   select known.ctid as place
                     from :schema.inbox as known
                    where known.consumer = _receive_next.consumer
                      and known.source = next.source
                      and known.key = next.key
                      and known.sequence = next.previous
                      and known.sequence < next.sequence
                      and known.lineage = next.lineage
                      and known.blocked is null
                      and not known.unsure
                      and next.message_id <> ''
                      for no key update skip locked) as found) as taken
   where one.ctid = taken.place;
  get diagnostics received = row_count;
  return received = cardinality(keys);
end
$$;
