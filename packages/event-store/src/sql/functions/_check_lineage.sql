-- The lineage of the log, the highest position that it has, and the lowest position of the given events that it does not
-- have; null when it has all of them. One statement, so that all of it is about one database. Raises SQLSTATE LF008 as
-- _last_position does.
create or replace function :schema._check_lineage(
  known_position bigint[], known_event_id text[], out lineage text, out top bigint, out lost_from bigint
) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  select now.lineage,
         :schema._last_position(),
         (select min(known.position)
            from unnest(known_position, known_event_id) as known (position, event_id)
           where not exists (select from :schema.events as stored
                              where stored.position = known.position
                                and stored.event_id = known.event_id))
    into lineage, top, lost_from
    from :schema.lineage as now;
end
$$;
