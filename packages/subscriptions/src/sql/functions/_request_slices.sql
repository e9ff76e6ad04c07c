-- Asks for a number of slices of each subscription that has another one. The slices stop at the position of the foremost,
-- and are divided anew when all are there.
create or replace function :schema._request_slices(names text[], versions integer[], counts integer[])
returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  wanted record;
  foremost bigint;
begin
  for wanted in
    select asked.name, asked.version, asked.count
      from unnest(names, versions, counts) as asked (name, version, count)
     order by asked.name collate "C", asked.version
  loop
    perform :schema._lock_subscription(wanted.name, wanted.version);
    select max(one.position) into foremost
      from :schema.subscriptions as one
     where one.name = wanted.name and one.version = wanted.version;
    update :schema.subscriptions as one
       set next_slices = nullif(wanted.count, one.slices),
           until_position = case when wanted.count <> one.slices then coalesce(one.until_position, foremost) end
     where one.name = wanted.name and one.version = wanted.version
       and coalesce(one.next_slices, one.slices) <> wanted.count;
    perform :schema._divide_subscription(wanted.name, wanted.version);
  end loop;
end
$$;
