import { checksumOf } from './checksum.ts';
import { migrationLock } from './lock-holders.ts';
import type { MigrateOptions, Migration } from './migration.ts';
import { replaceFunctionsText } from './replace-functions.ts';
import { foreignOwnerText } from './schema-owner.ts';
import { OLDEST_MAJOR } from './server-version.ts';
import { createMigrationsTable } from './statements.ts';

/**
 * What `applyMigrations` does, as a script for any client: one statement, which does all or nothing, and nothing where the
 * schema is up to date. Either may follow the other.
 *
 * The statement fails when the server is too old or not in UTF-8, when another role made the schema, and when another
 * release has migrated it.
 */
export function migrationScript({
  schema,
  component,
  migrations,
  functions = [],
}: Omit<MigrateOptions, 'answerMs'>): string {
  const newest = migrations.at(-1)?.number ?? 0;
  return `do $script$
declare
  searched constant text := current_setting('search_path');
  stranger record;
  installed integer;
  installed_checksum text;
begin
  if current_setting('server_version_num')::integer < ${OLDEST_MAJOR}0000 then
    raise exception 'PostgreSQL ${OLDEST_MAJOR} or newer is needed';
  end if;
  if current_setting('server_encoding') <> 'UTF8' then
    raise exception 'a database with the encoding UTF8 is needed';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('${migrationLock(schema)}', 0));
  -- Types in definitions are looked up when they are created.
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  select owned.* into stranger from (${foreignOwnerText(`'${schema}'`, 'null')}) as owned;
  if found then
    raise exception 'schema ${schema} was made by role %, and this is role %', stranger.owner, stranger.role;
  end if;
  if to_regnamespace('"${schema}"') is null then
    create schema "${schema}";
  end if;
  if to_regclass('"${schema}".migrations') is null then
    ${createMigrationsTable(schema).text.trim()};
  end if;
  select one.number, one.checksum into installed, installed_checksum
    from "${schema}".migrations as one
   where one.component = '${component}'
   order by one.number desc
   limit 1;
  installed := coalesce(installed, 0);
  if installed > ${newest} or installed = ${newest} and installed_checksum <> '${checksumOf({ migrations, functions })}' then
    raise exception 'schema ${schema} was migrated by another release';
  end if;
${migrations.map((migration) => oneMigration({ schema, component, migrations, functions }, migration)).join('')}\
  if installed < ${newest} then
    execute $functions$${functions.length === 0 ? 'select' : replaceFunctionsText(schema, functions)}$functions$;
  end if;
  perform set_config('search_path', searched, true);
end
$script$;
`;
}

function oneMigration(
  { schema, component, migrations, functions }: Omit<MigrateOptions, 'answerMs'>,
  { number, name, sql }: Migration,
): string {
  const upTo = migrations.filter((migration) => migration.number <= number);
  return `  if installed < ${number} then
    insert into "${schema}".migrations (component, number, name, checksum)
    values ('${component}', ${number}, '${name}', '${checksumOf({ migrations: upTo, functions })}');
    execute $migration$${sql.replaceAll(':schema', `"${schema}"`)}$migration$;
  end if;
`;
}
