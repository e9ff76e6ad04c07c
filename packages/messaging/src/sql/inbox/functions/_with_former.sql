-- The lineages before the present one, newest first: as many as a late message may still come with.
create or replace function :schema._with_former(former text[], lineage text)
returns text[] language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case when lineage is null then former else ((array[lineage] || array_remove(former, lineage))[1:8]) end
$$;
