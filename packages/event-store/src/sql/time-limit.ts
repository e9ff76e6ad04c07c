import type { Statement } from '@leftfold/postgres';

export interface TimeLimitRow {
  readonly name: string;
  readonly ms: number;
}

/** The shorter of the two time limits of this session that end a statement which waits for a lock; no row without one. */
export const timeLimitStatement: Statement = {
  name: 'leftfold time limit',
  text: `select name, setting::pg_catalog.int4 as ms
           from pg_catalog.pg_settings
          where name operator(pg_catalog.=) any (array['lock_timeout', 'statement_timeout'])
            and setting operator(pg_catalog.<>) '0'
          order by ms
          limit 1`,
  values: [],
};
