-- Records why the copy of a rebuild does not serve yet.
create or replace function :schema._record_refusal(name text, version integer, rebuild_id uuid, refusal text)
returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform :schema._lock_subscription(_record_refusal.name, _record_refusal.version);
  update :schema.projection_copies as copy
     set refusal = left(_record_refusal.refusal, 2000),
         refused_at = clock_timestamp()
   where copy.name = _record_refusal.name
     and copy.version = _record_refusal.version
     and copy.rebuild_id = _record_refusal.rebuild_id
     and copy.state = 'building';
end
$$;
