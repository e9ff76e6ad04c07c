-- Asks the leader to process the events of parked keys in their order: of these keys, or of all when keys is null.
-- Returns their number.
create or replace function :schema._resume_parked(name text, version integer, keys text[])
returns bigint language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  resumed bigint;
begin
  update :schema.parked_keys as parked
     set resume_at = clock_timestamp()
   where parked.name = _resume_parked.name
     and parked.version = _resume_parked.version
     and (keys is null or parked.key = any (keys));
  get diagnostics resumed = row_count;
  return resumed;
end
$$;
