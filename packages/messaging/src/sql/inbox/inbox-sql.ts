import { assertOptions, type OptionNames } from '@leftfold/core/input';
import { assertSchemaName } from '@leftfold/core';
import { migrationScript } from '@leftfold/postgres';
import { functions, migrations } from './migrations.generated.ts';

export interface InboxSqlOptions {
  /** The schema of the inbox. @default 'leftfold_inbox' */
  readonly schema?: string | undefined;
}

const optionNames: OptionNames<InboxSqlOptions> = { schema: true };

/** Where an inbox is that is not an app's. */
export const DEFAULT_SCHEMA = 'leftfold_inbox';

/** Of a name in PostgreSQL: that of an app's inbox begins with the schema of its log. */
const MAX_SCHEMA_LENGTH = 63;

/** @throws InvalidNameError */
export function assertInboxSchema(schema: string): void {
  assertSchemaName(schema, MAX_SCHEMA_LENGTH);
}

/** The tables and functions of an inbox. */
export const inboxMigrations = { component: 'inbox', migrations, functions };

/**
 * The SQL that creates the inbox, or brings it up to date, for consumers in other languages: what `start()` of a consumer
 * does. It is one statement, which may be applied any number of times, by psql or another client.
 *
 * The statement fails, and changes nothing, where the inbox is of another release, or the schema was made by another role.
 *
 * @throws InvalidArgumentError when an option is misspelt
 * @throws InvalidNameError when `schema` is no name of a schema
 *
 * @example
 * process.stdout.write(inboxSql()); // node inbox-sql.js | psql -v ON_ERROR_STOP=1
 */
export function inboxSql(options: InboxSqlOptions = {}): string {
  assertOptions('options', options, optionNames);
  const { schema = DEFAULT_SCHEMA } = options;
  assertInboxSchema(schema);
  return migrationScript({ ...inboxMigrations, schema });
}
