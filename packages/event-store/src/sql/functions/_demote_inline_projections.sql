-- Ends the inline mode of the projections that read one of these event types and are not among applied_inline, so that an
-- append that does not apply them can be made. Every event in the log is applied to them then; a runner continues after it.
--
-- Waits for the appends that apply inline projections, for 250 ms: they wait behind it. Raises 55P03 after that.
--
-- Returns their names and versions, for messages; null when there are none.
create or replace function :schema._demote_inline_projections(event_type text[], applied_inline text[])
returns text language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '250ms'
as $$
declare
  demoted text;
begin
  if not exists (select from :schema.inline_projections as inline
                  where inline.event_types && event_type and inline.identity <> all (applied_inline)) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(':schema inline projections', 0));
  -- A statement of its own: its snapshot is newer than the lock.
  with removed as (
    delete from :schema.inline_projections as inline
     where inline.event_types && event_type and inline.identity <> all (applied_inline)
    returning format('"%s" version %s', inline.name, inline.version) as title
  )
  select string_agg(removed.title, ', ' order by removed.title) into demoted from removed;
  if demoted is not null then
    raise warning 'projection % is not inline any more: an append did not apply it', demoted
      using hint = 'a runner applies it, and makes it inline again later';
  end if;
  return demoted;
end
$$;
