import type { Statement } from '@leftfold/postgres';

export interface DatabaseRow {
  /** As people write it: `17.10`. */
  readonly version: string;
  readonly name: string;
}

export const databaseStatement: Statement = {
  name: undefined,
  text: `select pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) as version, current_database() as name`,
  values: [],
};
