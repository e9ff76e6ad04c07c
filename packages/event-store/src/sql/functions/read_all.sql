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
  if after is null or after < 0 then
    raise exception 'after must be a position from 0' using errcode = '22023';
  end if;
  if max_events is null or max_events < 1 then
    raise exception 'max_events must be a whole number from 1' using errcode = '22023';
  end if;
  if category !~ '^[A-Za-z][A-Za-z0-9_]{0,99}$' then
    raise exception 'category must be a letter, then at most 99 letters, digits and "_"' using errcode = '22023';
  end if;
  up_to := :schema.high_water_mark();
  -- A statement of its own: its snapshot is newer than the mark.
  return query select found.* from :schema._find_events(after, up_to, max_events, types, category, tags) as found;
end
$$;
