-- The statement that creates an index of a table for the table of that name in another schema.
create or replace function :schema._index_of_copy(index_id oid, source text, target text)
returns text language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select overlay(
           created.statement placing format(' ON %I.%I ', target, created.table_name)
           from position(format(' ON %I.%I ', source, created.table_name) in created.statement)
           for length(format(' ON %I.%I ', source, created.table_name)))
    from (select pg_get_indexdef(index_id) as statement, class.relname as table_name
            from pg_index as index
            join pg_class as class on class.oid = index.indrelid
           where index.indexrelid = index_id) as created
$$;
