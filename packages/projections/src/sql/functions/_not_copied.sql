-- What a copy of a schema's tables would not have, in words: what depends on the tables themselves, such as views, and what
-- else is in the schema.
create or replace function :schema._not_copied(tables_of text)
returns text[] language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  with stored as (
    select class.oid, class.relrowsecurity, class.relname
      from pg_class as class
     where class.relnamespace = to_regnamespace(quote_ident(tables_of))
       and class.relkind = 'r'
  )
  select coalesce(array_agg(distinct found.what order by found.what), '{}')
    from (
      -- Views and rules.
      select pg_describe_object('pg_class'::regclass, rewrite.ev_class, 0) as what
        from stored
        join pg_depend as depends on depends.refclassid = 'pg_class'::regclass and depends.refobjid = stored.oid
        join pg_rewrite as rewrite on depends.classid = 'pg_rewrite'::regclass and depends.objid = rewrite.oid
      union all
      select pg_describe_object('pg_trigger'::regclass, trigger.oid, 0)
        from stored
        join pg_trigger as trigger on trigger.tgrelid = stored.oid
       where not trigger.tgisinternal
      union all
      select pg_describe_object('pg_constraint'::regclass, reference.oid, 0)
        from stored
        join pg_constraint as reference on reference.contype = 'f' and stored.oid in (reference.conrelid, reference.confrelid)
      union all
      select pg_describe_object('pg_policy'::regclass, policy.oid, 0)
        from stored
        join pg_policy as policy on policy.polrelid = stored.oid
      union all
      select 'row security on table ' || stored.relname from stored where stored.relrowsecurity
      union all
      select pg_describe_object('pg_publication_rel'::regclass, published.oid, 0)
        from stored
        join pg_publication_rel as published on published.prrelid = stored.oid
      union all
      select pg_describe_object('pg_class'::regclass, child.inhrelid, 0)
        from stored
        join pg_inherits as child on stored.oid in (child.inhparent, child.inhrelid)
      union all
      select pg_describe_object('pg_class'::regclass, class.oid, 0)
        from pg_class as class
       where class.relnamespace = to_regnamespace(quote_ident(tables_of))
         and class.relkind in ('v', 'm', 'f', 'p', 'S')
         and not exists (select from pg_depend as part
                          where part.classid = 'pg_class'::regclass and part.objid = class.oid and part.deptype = 'i')
      union all
      select pg_describe_object('pg_proc'::regclass, function.oid, 0)
        from pg_proc as function
       where function.pronamespace = to_regnamespace(quote_ident(tables_of))
    ) as found
$$;
