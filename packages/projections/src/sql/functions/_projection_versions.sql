-- The versions of a projection that have tables in this database, and the copies of them: how far they are, how large, and
-- which processes run them now.
create or replace function :schema._projection_versions(name text)
returns jsonb language sql stable security definer
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(to_jsonb(found) order by found.version, found.is_copy), '[]')
    from (
      select rows.version, kind.is_copy, tables.schema,
             min(rows.position) as position,
             bool_and(rows.inline) as inline,
             bool_and(rows.caught_up_at is not null) as "caughtUp",
             date_part('epoch', max(rows.advanced_at)) as "advancedAt",
             (select copy.state from :schema.projection_copies as copy
               where kind.is_copy and copy.name = _projection_versions.name and copy.version = rows.version) as state,
             (select coalesce(sum(pg_total_relation_size(class.oid)), 0)
                from pg_class as class
               where class.relnamespace = to_regnamespace(quote_ident(tables.schema))
                 and class.relkind = 'r') as bytes,
             (select coalesce(jsonb_agg(run.owner order by run.owner), '[]')
                from :schema.runner_subscriptions as run
                join :schema.runners as runner on runner.owner = run.owner
               where run.name = rows.name and run.version = rows.version
                 and run.able and runner.lease_until >= clock_timestamp()) as processes
        from :schema.subscriptions as rows
       cross join lateral (select rows.name like '%+copy' as is_copy) as kind
       cross join lateral (
               select :schema._projection_schema(_projection_versions.name, rows.version, kind.is_copy) as schema) as tables
       where rows.name in (_projection_versions.name, _projection_versions.name || '+copy')
         and rows.definition ? 'tables'
       group by rows.name, rows.version, kind.is_copy, tables.schema
    ) as found
$$;
