import { ForeignSchemaError } from '@leftfold/core';
import type { StatementRunner } from '../statement/statement.ts';

/**
 * A schema that another role made first is that role's: it can read, change and drop what we put there, and its
 * triggers and functions run with our rights.
 *
 * Trusted are the role of the connection and the roles that it is a member of, superusers, the database's owner, and
 * the owner of `beside`. A superuser is a member of every role, which says nothing. Without `beside`, a role that may
 * create no schema is not asked: it cannot have been meant to make this one.
 *
 * @param beside a schema whose owner is trusted
 * @throws ForeignSchemaError when the schema exists and another role owns it. SQL: one SELECT on the catalog.
 */
export async function assertOwnSchema(run: StatementRunner, schema: string, beside?: string): Promise<void> {
  const [foreign] = await run<{ owner: string; role: string }>({
    name: undefined,
    text: foreignOwnerText('$1', '$2'),
    values: [schema, beside ?? null],
  });
  if (foreign !== undefined) throw new ForeignSchemaError(schema, foreign.owner, foreign.role);
}

/** Who owns a schema, when that role is not trusted. @param schema a name, as SQL. @param beside likewise, or `null` */
export function foreignOwnerText(schema: string, beside: string): string {
  return `
      select owner.rolname as owner, me.rolname as role
        from pg_namespace as namespace
        join pg_roles as owner on owner.oid = namespace.nspowner
        join pg_roles as me on me.rolname = current_user
        join pg_database as database on database.datname = current_database()
       where namespace.nspname = ${schema}
         and owner.oid not in (me.oid, database.datdba)
         and owner.rolname <> 'pg_database_owner'
         and not owner.rolsuper
         and (me.rolsuper or not pg_has_role(me.oid, owner.oid, 'member'))
         and case when ${beside}::text is null then has_database_privilege(database.oid, 'create')
                  else not exists (select from pg_namespace as other
                                    where other.nspname = ${beside}
                                      and other.nspowner = owner.oid) end`;
}
