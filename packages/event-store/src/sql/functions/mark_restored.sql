-- To be called once after the log was restored from a backup, before any process appends: processes that still remember
-- events of the time after the backup then notice. Returns how often it was called.
create or replace function :schema.mark_restored() returns integer language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  restored integer;
begin
  update :schema.log set restore_count = restore_count + 1 returning restore_count into restored;
  return restored;
end
$$;
