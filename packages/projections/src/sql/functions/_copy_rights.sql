-- Gives roles the rights on a schema and its tables that they have on another one, and takes those that they do not have
-- there.
create or replace function :schema._copy_rights(source text, target text)
returns void language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  change record;
begin
  for change in
    with objects as (
      select namespace.nspname as schema, 'schema' as kind, null::name as object, null::name as part,
             coalesce(namespace.nspacl, acldefault('n', namespace.nspowner)) as acl, namespace.nspowner as owner
        from pg_namespace as namespace
       where namespace.nspname in (source, target)
      union all
      select namespace.nspname, 'table', class.relname, null,
             coalesce(class.relacl, acldefault('r', class.relowner)), class.relowner
        from pg_class as class
        join pg_namespace as namespace on namespace.oid = class.relnamespace
       where namespace.nspname in (source, target)
         and class.relkind = 'r'
      union all
      select namespace.nspname, 'table', class.relname, attribute.attname, attribute.attacl, class.relowner
        from pg_attribute as attribute
        join pg_class as class on class.oid = attribute.attrelid
        join pg_namespace as namespace on namespace.oid = class.relnamespace
       where namespace.nspname in (source, target)
         and class.relkind = 'r'
         and attribute.attacl is not null
    ), rights as (
      select objects.schema, objects.kind, objects.object, objects.part,
             granted.privilege_type as privilege, granted.is_grantable, granted.grantee
        from objects
       cross join lateral aclexplode(objects.acl) as granted
       where granted.grantee <> objects.owner
    ), given as (
      select kind, object, part, privilege, grantee, bool_or(is_grantable) as is_grantable
        from rights where schema = source group by kind, object, part, privilege, grantee
    ), had as (
      select kind, object, part, privilege, grantee, bool_or(is_grantable) as is_grantable
        from rights where schema = target group by kind, object, part, privilege, grantee
    )
    select kind, object, part, privilege, grantee, true as grants, given.is_grantable
      from (select * from given except select * from had) as given
    union all
    select kind, object, part, privilege, grantee, false, false
      from (select kind, object, part, privilege, grantee from had
            except select kind, object, part, privilege, grantee from given) as gone
  loop
    execute format(
      case when change.grants then 'grant %s on %s to %s %s' else 'revoke %s on %s from %s %s' end,
      change.privilege || case when change.part is null then '' else format(' (%I)', change.part) end,
      case when change.kind = 'schema' then format('schema %I', target)
           else format('table %I.%I', target, change.object) end,
      case when change.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(change.grantee)) end,
      case when change.is_grantable then 'with grant option' when change.grants then '' else 'cascade' end);
  end loop;
end
$$;
