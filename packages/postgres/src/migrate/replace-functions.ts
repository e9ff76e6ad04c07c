import type { Statement, StatementRunner } from '../statement/statement.ts';
import type { SqlFunction } from './migration.ts';

/**
 * Creates a component's functions as they are in this release.
 *
 * A function with the same arguments and result is replaced, so that views on it stay. Any other one is dropped and
 * created again. Roles that could execute a function still can; PUBLIC cannot.
 *
 * SQL: inside the transaction of the migration.
 */
export async function replaceFunctions(
  run: StatementRunner,
  schema: string,
  functions: readonly SqlFunction[],
): Promise<void> {
  for (const each of functions) await replaceFunction(run, schema, each);
}

async function replaceFunction(
  run: StatementRunner,
  schema: string,
  { name, sql }: SqlFunction,
): Promise<void> {
  const create = statement(sql.replaceAll(':schema', `"${schema}"`));
  const drops = await textsOf(run, dropsOf(schema, name));
  const grants = await textsOf(run, grantsOf(schema, name));
  await run(statement('savepoint replace_function'));
  const created = await run(create).then(
    () => true,
    // Perhaps because the result is another one. Any other reason is met again below.
    () => false,
  );
  // With other arguments it was created beside the old one.
  const replaced =
    created && (await textsOf(run, dropsOf(schema, name))).length === Math.max(1, drops.length);
  if (!replaced) {
    await run(statement('rollback to savepoint replace_function'));
    for (const drop of drops) await run(statement(drop));
    await run(create);
    for (const grant of grants) await run(statement(grant));
  }
  await run(statement('release savepoint replace_function'));
  await run(statement(`revoke execute on function "${schema}"."${name}" from public`));
}

/** The statements that drop the functions of a name. */
function dropsOf(schema: string, name: string): Statement {
  return statement(
    `select format('drop function %s', installed.oid::regprocedure) as text
       from pg_proc as installed
      where installed.pronamespace = $1::regnamespace
        and installed.proname = $2`,
    [`"${schema}"`, name],
  );
}

/** The statements that give the rights on the functions of a name again. */
function grantsOf(schema: string, name: string): Statement {
  return statement(
    `select distinct format('grant execute on function %s.%I to %I%s', $1::text, $2::text, grantee.rolname,
                            case when acl.is_grantable then ' with grant option' else '' end) as text
       from pg_proc as installed
      cross join lateral aclexplode(installed.proacl) as acl
       join pg_roles as grantee on grantee.oid = acl.grantee
      where installed.pronamespace = $1::regnamespace
        and installed.proname = $2
        and acl.grantee <> installed.proowner`,
    [`"${schema}"`, name],
  );
}

function statement(text: string, values: readonly unknown[] = []): Statement {
  return { name: undefined, text, values };
}

async function textsOf(run: StatementRunner, query: Statement): Promise<readonly string[]> {
  const rows = await run<{ readonly text: string }>(query);
  return rows.map(({ text }) => text);
}
