-- Decides whether a copy that waits for a decision is to serve: then the process that builds it lets it, once it has caught
-- up. Otherwise it is kept, with the reason. False when it is gone, or does not wait for a decision any more.
create or replace function :schema._decide_copy(name text, version integer, rebuild_id uuid, refusal text)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.projection_copies as copy
     set switches = _decide_copy.refusal is null,
         refusal = left(_decide_copy.refusal, 2000),
         refused_at = case when _decide_copy.refusal is not null then clock_timestamp() end
   where copy.name = _decide_copy.name
     and copy.version = _decide_copy.version
     and copy.rebuild_id = _decide_copy.rebuild_id
     and copy.state = 'building'
     and not copy.switches;
  return found;
end
$$;
