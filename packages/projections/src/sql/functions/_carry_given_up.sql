-- Gives up for one subscription what was given up for another one of the same version: copies the records that it does not
-- have, and no longer sets these events aside. What is left of their keys is resumed. Records of events that it has applied
-- only when also_applied says so. Called with the rows of both locked, or of one that no other session knows.
create or replace function :schema._carry_given_up(version integer, source text, target text, also_applied boolean)
returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into :schema.given_up_events
         (name, version, slice, key, positions, given_up_at, given_up_by, reason,
          failed_position, failed_type, failed_message, failed_at, release, attempts, reset_at)
  select _carry_given_up.target, given_up.version, given_up.slice, given_up.key, given_up.positions, given_up.given_up_at,
         given_up.given_up_by, given_up.reason, given_up.failed_position, given_up.failed_type, given_up.failed_message,
         given_up.failed_at, given_up.release, given_up.attempts, given_up.reset_at
    from :schema.given_up_events as given_up
   where given_up.name = _carry_given_up.source
     and given_up.version = _carry_given_up.version
     and not exists (select from :schema.given_up_events as known
                      where known.name = _carry_given_up.target
                        and known.version = given_up.version
                        and known.key = given_up.key
                        and known.given_up_at = given_up.given_up_at
                        and known.positions = given_up.positions)
     and (also_applied
          or given_up.reset_at is not null
          or not exists (select from unnest(given_up.positions) as place (position)
                          where place.position <= (select one.position
                                                     from :schema.subscriptions as one
                                                    where one.name = _carry_given_up.target
                                                      and one.version = given_up.version
                                                      and one.slice = :schema._slice_of(given_up.key, one.slices))
                            and not exists (select from :schema.parked_events as held
                                             where held.name = _carry_given_up.target
                                               and held.version = given_up.version
                                               and held.key = given_up.key
                                               and held.position = place.position)))
   order by given_up.id;
  with gone as (
    delete from :schema.parked_events as parked
     using :schema.given_up_events as given_up, unnest(given_up.positions) as place (position)
     where given_up.name = _carry_given_up.target
       and given_up.version = _carry_given_up.version
       and given_up.reset_at is null
       and parked.name = given_up.name
       and parked.version = given_up.version
       and parked.key = given_up.key
       and parked.position = place.position
    returning parked.slice, parked.key)
  update :schema.parked_keys as parked
     set resume_at = clock_timestamp()
    from gone
   where parked.name = _carry_given_up.target
     and parked.version = _carry_given_up.version
     and parked.slice = gone.slice
     and parked.key = gone.key;
end
$$;
