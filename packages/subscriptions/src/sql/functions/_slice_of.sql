-- The slice of a key, as the processes compute it: see sliceOf.
create or replace function :schema._slice_of(key text, slices integer)
returns integer language sql immutable security definer
  set search_path = pg_catalog, pg_temp
as $$
  select (('x' || left(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 8))::bit(32)::bigint % slices)::integer
$$;
