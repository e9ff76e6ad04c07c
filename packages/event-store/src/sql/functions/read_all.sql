-- Events after a position, in the order of the log, up to the high-water mark: of any of the types, of the category, and
-- with all of the tags, where these are given.
create or replace function :schema.read_all(
  after bigint default 0, max_events integer default 1000, types text[] default null, category text default null,
  tags text[] default null
) returns setof :schema.events language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  up_to bigint;
begin
  up_to := :schema.high_water_mark();
  -- A statement of its own: its snapshot is newer than the mark.
  return query select found.* from :schema._find_events(after, up_to, max_events, types, category, tags) as found;
end
$$;
