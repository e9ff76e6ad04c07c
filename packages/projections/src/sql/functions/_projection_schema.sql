-- The schema with the tables of a version of a projection: those that serve, or the copy of them. No other schema can be
-- named by the arguments.
create or replace function :schema._projection_schema(name text, version integer, is_copy boolean)
returns text language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if name is null or name !~ '^[a-z][a-z0-9_]{0,29}$' or version is null or version < 1 or is_copy is null then
    raise exception 'no version of a projection has this name' using errcode = '22023';
  end if;
  return btrim(':schema', '"') || '__' || name || case when is_copy then '_c' else '_v' end || version;
end
$$;
