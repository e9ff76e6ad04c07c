import type { SqlFunction } from './migration.ts';

/**
 * The statement that creates a component's functions as they are in this release.
 *
 * A function with the same arguments and result is replaced, so that views on it stay. Any other one is dropped and
 * created again. Roles that could execute a function still can; PUBLIC cannot.
 *
 * SQL: one DO, inside the transaction of the migration, with a subtransaction for each function.
 */
export function replaceFunctionsText(schema: string, functions: readonly SqlFunction[]): string {
  const rows = functions.map(
    ({ name, sql }) => `('${name}', $function$${sql.replaceAll(':schema', `"${schema}"`)}$function$)`,
  );
  return `do $replace$
declare
  given record;
  change text;
  drops text[];
  grants text[];
begin
  for given in select * from (values ${rows.join(', ')}) as one (name, sql) loop
    select coalesce(array_agg(format('drop function %s', installed.oid::regprocedure)), '{}') into drops
      from pg_proc as installed
     where installed.pronamespace = '"${schema}"'::regnamespace
       and installed.proname = given.name;
    select coalesce(array_agg(distinct format('grant execute on function %s.%I to %I%s', '"${schema}"', given.name,
                                              grantee.rolname,
                                              case when acl.is_grantable then ' with grant option' else '' end)), '{}')
      into grants
      from pg_proc as installed
     cross join lateral aclexplode(installed.proacl) as acl
      join pg_roles as grantee on grantee.oid = acl.grantee
     where installed.pronamespace = '"${schema}"'::regnamespace
       and installed.proname = given.name
       and acl.grantee <> installed.proowner;
    begin
      execute given.sql;
      -- With other arguments it was created beside the old one.
      if (select count(*)
            from pg_proc as installed
           where installed.pronamespace = '"${schema}"'::regnamespace
             and installed.proname = given.name) <> greatest(1, cardinality(drops)) then
        raise exception 'function % has other arguments', given.name;
      end if;
    exception when others then
      -- Perhaps because the result is another one. Any other reason is met again.
      foreach change in array drops loop
        execute change;
      end loop;
      execute given.sql;
      foreach change in array grants loop
        execute change;
      end loop;
    end;
    execute format('revoke execute on function %s.%I from public', '"${schema}"', given.name);
  end loop;
end
$replace$`;
}
