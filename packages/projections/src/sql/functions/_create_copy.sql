-- Creates empty tables like those of a schema, in another one: with their columns, constraints and indexes under the same
-- names, storage parameters, comments and rights.
create or replace function :schema._create_copy(source text, target text)
returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  stored record;
  part record;
begin
  execute format('create schema %I', target);
  for stored in
    select class.oid, class.relname, class.relpersistence, class.reloptions
      from pg_class as class
     where class.relnamespace = to_regnamespace(quote_ident(source))
       and class.relkind = 'r'
     order by class.relname
  loop
    execute format('create %s table %I.%I (like %I.%I including all excluding indexes) %s',
      case when stored.relpersistence = 'u' then 'unlogged' else '' end,
      target, stored.relname, source, stored.relname,
      case when stored.reloptions is null then ''
           else format('with (%s)', array_to_string(stored.reloptions, ', ')) end);
    -- Not by "like", which gives indexes other names: errors name the constraint.
    for part in
      select owned.conname, pg_get_constraintdef(owned.oid) as definition
        from pg_constraint as owned
       where owned.conrelid = stored.oid
         and owned.contype in ('p', 'u', 'x')
       order by owned.contype, owned.conname
    loop
      execute format('alter table %I.%I add constraint %I %s', target, stored.relname, part.conname, part.definition);
    end loop;
    for part in
      select :schema._index_of_copy(index.indexrelid, source, target) as definition
        from pg_index as index
       where index.indrelid = stored.oid
         and not exists (select from pg_constraint as owned
                          where owned.conindid = index.indexrelid and owned.contype in ('p', 'u', 'x'))
    loop
      execute part.definition;
    end loop;
  end loop;
  perform :schema._copy_rights(source, target);
end
$$;
