-- Why a copy of a version's tables cannot serve any more since it has applied what was given up for the tables that serve.
-- Null when it has not.
create or replace function :schema._not_given_up(name text, version integer)
returns text language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select format('it had applied events of key "%s" when they were given up; drop it, and rebuild again', left(given_up.key, 100))
    from :schema.given_up_events as given_up
   where given_up.name = _not_given_up.name
     and given_up.version = _not_given_up.version
     and given_up.reset_at is null
     and not exists (select from :schema.given_up_events as known
                      where known.name = _not_given_up.name || '+copy'
                        and known.version = given_up.version
                        and known.key = given_up.key
                        and known.given_up_at = given_up.given_up_at
                        and known.positions = given_up.positions)
   order by given_up.id
   limit 1
$$;
