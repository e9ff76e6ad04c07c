import { type AnyProjection, assertSchemaName, InvalidNameError } from '@leftfold/core';
import {
  assertEach,
  assertOneOf,
  assertOptions,
  assertProjection,
  type OptionNames,
} from '@leftfold/core/input';
import { projectionSchema } from '@leftfold/projections';
import { inboxSchema } from '../app/inbox-schema.ts';
import { executable, readable, readableColumns } from './granted.ts';

/** Names of the roles of {@link rightsScript}. They have no login: make the logins of your processes members of them. */
export interface RightsRoles {
  /** Owns the schema, migrates, and creates read models. @default 'leftfold_owner' */
  readonly owner: string;
  /** Appends, reads and queries, applies inline projections, and handles messages. @default 'leftfold_app' */
  readonly app: string;
  /** Runs and resets projections. @default 'leftfold_projector' */
  readonly projector: string;
  /** Reads the log and queries. @default 'leftfold_reader' */
  readonly reader: string;
  /** Sees the state of projections, waits for them and resumes them; of events, reads only ids and times. @default 'leftfold_operator' */
  readonly operator: string;
}

export interface RightsOptions {
  /** The Postgres schema that holds the log. @default 'leftfold' */
  readonly schema?: string | undefined;
  /** @default none */
  readonly projections?: readonly AnyProjection[] | undefined;
  readonly roles?: Partial<RightsRoles> | undefined;
  /**
   * Take the functions for advisory locks from PUBLIC, and leave them to the owner: any role that may connect can
   * otherwise hold the locks of the log. Only a superuser may run the script then, and other programs on this database
   * lose these functions as well. @default false
   */
  readonly revokeAdvisoryLocks?: boolean | undefined;
}

/**
 * The SQL that creates the roles and grants each what it needs, and no more.
 *
 * Run it once before the first `migrate()`, which creates the roles and the schema, and again after each one, which
 * grants rights on what is there then. It may be run any number of times, and takes no right away but those of PUBLIC.
 *
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take
 * @throws InvalidNameError for the name of a role that has other characters, or that Postgres reserves
 *
 * @example
 * console.log(rightsScript({ projections: [balances] }));
 */
export function rightsScript(options: RightsOptions = {}): string {
  assertOptions('options', options, optionNames);
  assertOptions('roles', options.roles, roleNames);
  assertOneOf('revokeAdvisoryLocks', options.revokeAdvisoryLocks, [true, false]);
  const { schema = 'leftfold', projections = [], revokeAdvisoryLocks = false } = options;
  assertEach('projections', projections, assertProjection);
  assertSchemaName(schema);
  const given = { ...defaultRoles, ...options.roles };
  for (const name of Object.values(given)) assertRoleName(name);
  const roles = quoted(given);
  const names = Object.values(roles);
  return [
    'begin;',
    ...names.map(createRole),
    `create schema if not exists "${schema}" authorization ${roles.owner};`,
    inDatabase(`'grant create on database %I to ${roles.owner}', current_database()`),
    `grant usage on schema "${schema}" to ${names.join(', ')};`,
    ...Object.entries(readable).map(([role, tables]) =>
      tables.map((table) => grantOnTable('select', `"${schema}".${table}`, roles[role as keyof RightsRoles])),
    ),
    ...Object.entries(readableColumns).flatMap(([role, tables]) =>
      Object.entries<readonly string[]>(tables).map(([table, columns]) =>
        grantOnTable(
          `select (${columns.join(', ')})`,
          `"${schema}".${table}`,
          roles[role as keyof typeof readableColumns],
        ),
      ),
    ),
    ...Object.entries(executable).map(([role, functions]) =>
      grantExecute(schema, functions, roles[role as keyof RightsRoles]),
    ),
    ...projections.map((projection) => onReadModel(schema, projection, roles)),
    onInbox(inboxSchema(schema), roles.app),
    ...(revokeAdvisoryLocks ? [revokeLocks(schema)] : []),
    'commit;',
    '',
  ]
    .flat()
    .join('\n');
}

const roleNames: OptionNames<RightsRoles> = {
  owner: true,
  app: true,
  projector: true,
  reader: true,
  operator: true,
};
const optionNames: OptionNames<RightsOptions> = {
  schema: true,
  projections: true,
  roles: true,
  revokeAdvisoryLocks: true,
};

const defaultRoles: RightsRoles = {
  owner: 'leftfold_owner',
  app: 'leftfold_app',
  projector: 'leftfold_projector',
  reader: 'leftfold_reader',
  operator: 'leftfold_operator',
};

function assertRoleName(name: string): void {
  const isPlain = typeof name === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(name);
  if (isPlain && !name.startsWith('pg_') && name !== 'public' && name !== 'none') return;
  const rule = isPlain
    ? 'is reserved for Postgres; give it another name'
    : 'must begin with a lower-case letter and have at most 63 lower-case letters, digits and "_"';
  throw new InvalidNameError('role', name, rule);
}

/** A name can be a word of SQL, such as "order". */
function quoted(roles: RightsRoles): RightsRoles {
  const { owner, app, projector, reader, operator } = roles;
  return {
    owner: `"${owner}"`,
    app: `"${app}"`,
    projector: `"${projector}"`,
    reader: `"${reader}"`,
    operator: `"${operator}"`,
  };
}

function createRole(name: string): string {
  return `do $$ begin
  if to_regrole('${name}') is null then create role ${name} nologin; end if;
end $$;`;
}

/** Executes a statement that is formatted with values of the database. */
function inDatabase(format: string): string {
  return `do $$ begin execute format(${format}); end $$;`;
}

function grantOnTable(rights: string, table: string, role: string): string {
  return `do $$ begin
  if pg_catalog.to_regclass('${table}') is not null then grant ${rights} on ${table} to ${role}; end if;
end $$;`;
}

function grantExecute(schema: string, functions: readonly string[], role: string): string {
  return `do $$ declare granted record; begin
  for granted in select oid::regprocedure as name from pg_proc
                  where pronamespace = '${schema}'::regnamespace
                    and proname in (${functions.map((name) => `'${name}'`).join(', ')}) loop
    execute format('grant execute on function %s to ${role}', granted.name);
  end loop;
end $$;`;
}

/** An inline projection is written by the role that appends. */
function onReadModel(schema: string, projection: AnyProjection, roles: RightsRoles): string {
  const target = projectionSchema(schema, projection);
  const writing = 'select, insert, update, delete';
  const app = projection.mode === 'inline' ? writing : 'select';
  return `do $$ begin
  if to_regnamespace('${target}') is not null then
    grant usage on schema ${target} to ${roles.app}, ${roles.projector}, ${roles.reader};
    grant ${app} on all tables in schema ${target} to ${roles.app};
    grant ${writing}, truncate on all tables in schema ${target} to ${roles.projector};
    grant select on all tables in schema ${target} to ${roles.reader};
  end if;
end $$;`;
}

/** The inbox of the app's consumers, once there is one: its functions have the rights of their caller. */
function onInbox(schema: string, role: string): string {
  return `do $$ begin
  if pg_catalog.to_regclass('"${schema}".inbox_messages') is not null then
    grant usage on schema "${schema}" to ${role};
    grant select, insert, update, delete on "${schema}".inbox, "${schema}".inbox_messages to ${role};
    grant select on "${schema}".migrations to ${role};
    grant execute on all functions in schema "${schema}" to ${role};
  end if;
end $$;`;
}

/** The functions of the log take their locks with the rights of the schema's owner. */
function revokeLocks(schema: string): string {
  return `do $$ declare lock record; owner regrole; begin
  select nspowner into owner from pg_namespace where nspname = '${schema}';
  for lock in select oid::regprocedure as name from pg_proc
               where pronamespace = 'pg_catalog'::regnamespace
                 and proname ~ '^pg_(try_)?advisory_(xact_)?(un)?lock' loop
    execute format('revoke execute on function %s from public', lock.name);
    execute format('grant execute on function %s to %s', lock.name, owner);
  end loop;
end $$;`;
}
