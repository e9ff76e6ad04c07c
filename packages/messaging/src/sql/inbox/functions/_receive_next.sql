-- Has messages of different keys received whose effects are in the transaction already, in the order given: false when one of
-- them is not the next one of its key, or others of the key are set aside. Roll back then.
--
-- False, too, when another transaction has the row of a key: that one may wait for what the effects have locked.
create or replace function :schema._receive_next(
  consumer text, sources text[], keys text[], sequences text[], message_ids text[], previouses text[], lineages text[]
) returns boolean language plpgsql volatile
  set search_path = pg_catalog, pg_temp set lock_timeout = '10ms'
as $$
declare
  received record;
begin
  for place in 1 .. cardinality(keys) loop
    received := :schema.receive(consumer, sources[place], keys[place], sequences[place], message_ids[place],
                                previouses[place], lineages[place]);
    if received.verdict <> 'apply' or received.blocked is not null then return false; end if;
  end loop;
  return true;
exception when lock_not_available then
  return false;
end
$$;
