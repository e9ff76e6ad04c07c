-- Lets the slices of a copy that waits for a decision go up to these positions and no further, or to where they are when
-- they are beyond them. Null: as far as the log goes. False when it is gone, or does not wait for a decision any more.
create or replace function :schema._lead_copy(name text, version integer, rebuild_id uuid, positions bigint[])
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as built
     set until_position = case when positions is not null then
           greatest(built.position, built.until_position, positions[case cardinality(positions) when 1 then 1 else built.slice + 1 end])
         end
    from :schema.projection_copies as copy
   where built.name = _lead_copy.name || '+copy'
     and built.version = _lead_copy.version
     and copy.name = _lead_copy.name
     and copy.version = _lead_copy.version
     and copy.rebuild_id = _lead_copy.rebuild_id
     and copy.state = 'building'
     and not copy.switches;
  return found;
end
$$;
