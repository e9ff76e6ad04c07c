-- Has messages of different keys received whose effects are in the transaction already, in the order given: false as soon as
-- one of them is not the next one of its key. Roll back then.
create or replace function :schema._receive_next(
  consumer text, sources text[], keys text[], sequences text[], message_ids text[], previouses text[], lineages text[]
) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  received record;
begin
  for place in 1 .. cardinality(keys) loop
    received := :schema.receive(consumer, sources[place], keys[place], sequences[place], message_ids[place],
                                previouses[place], lineages[place]);
    if received.verdict <> 'apply' then return false; end if;
  end loop;
  return true;
end
$$;
