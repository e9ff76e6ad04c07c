-- The schema with the tables of a replay, by the name of its subscription: that of the projection, "+", 16 hexadecimal
-- digits. No other schema can be named by it.
create or replace function :schema._replay_schema(subscribed text)
returns text language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if subscribed is null or subscribed !~ '^[a-z][a-z0-9_]{0,29}\+[0-9a-f]{16}$' then
    raise exception 'no replay has this name' using errcode = '22023';
  end if;
  return btrim(':schema', '"') || '__' || split_part(subscribed, '+', 2);
end
$$;
