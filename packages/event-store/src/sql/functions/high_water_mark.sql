-- The high-water mark: no event can appear at or below this position any more. Read the events up to it in a later
-- statement.
create or replace function :schema.high_water_mark() returns bigint language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (select mark.high_water_mark from :schema._high_water_mark() as mark);
end
$$;
