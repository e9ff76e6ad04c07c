-- Raises SQLSTATE 22023 for an owner or a duration that no runner has: a lease of a thousand years would be one for good.
create or replace function :schema._validate_lease(owner text, lease_ms double precision)
returns void language plpgsql immutable security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if owner is null or length(owner) not between 1 and 1000 then
    raise exception 'owner must have 1 to 1000 characters' using errcode = '22023';
  end if;
  if lease_ms is null or lease_ms not between 0 and 2147483647 then
    raise exception 'lease_ms must be from 0 to 2147483647' using errcode = '22023';
  end if;
end
$$;
