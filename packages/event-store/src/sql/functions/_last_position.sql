-- The highest position of the log, 0 when it is empty. Raises SQLSTATE LF008 when the sequence is behind it, as in a log that
-- was copied without the sequence: a position that it drew could be that of an event, or come before events that readers
-- and conditions have passed.
create or replace function :schema._last_position() returns bigint language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  last_position bigint;
begin
  select coalesce(max(stored.position), 0) into last_position from :schema.events as stored;
  -- Read after the events: of each that was seen, the position was drawn before.
  if last_position > (select case when is_called then last_value else last_value - 1 end
                        from :schema.event_position) then
    raise exception 'the sequence %.event_position is behind the log', ':schema'
      using errcode = 'LF008',
            hint = 'stop all writers, and set it to the highest position of the log with setval';
  end if;
  return last_position;
end
$$;
