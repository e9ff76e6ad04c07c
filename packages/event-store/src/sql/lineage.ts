import { numberArray, type Statement, textArray } from '@leftfold/postgres';

export interface LineageRow {
  readonly lineage: string;
  /** Null when the log has all of the events. */
  readonly lost_from: string | null;
  readonly end: string;
}

/**
 * The lineage of the log, and the first of some events that the log does not have.
 *
 * SQL: one call of `_check_lineage`; index scans of `events_pkey`. Takes no locks.
 */
export function checkLineageStatement(schema: string, known: ReadonlyMap<number, string>): Statement {
  return {
    name: `leftfold check lineage ${schema}`,
    text: `select lineage, top::pg_catalog.text as "end", lost_from::pg_catalog.text
             from "${schema}"._check_lineage($1, $2)`,
    values: [numberArray([...known.keys()]), textArray([...known.values()])],
  };
}

/** SQL: one UPDATE of the row of `log`. */
export function markRestoredStatement(schema: string): Statement {
  return { name: undefined, text: `select "${schema}".mark_restored()`, values: [] };
}
