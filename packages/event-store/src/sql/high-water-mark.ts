import type { Statement } from '@leftfold/postgres';
import type { QueriedWords } from './queried-words.ts';

export interface HighWaterMarkRow {
  readonly high_water_mark: string;
  readonly pending: boolean;
  /** Id of the event at the mark; null in an empty log. */
  readonly mark_event_id: string | null;
  /** The highest position that was drawn. */
  readonly top: string;
  readonly lineage: string;
}

/**
 * The high-water mark, and whether an append that is not committed yet holds it back.
 *
 * SQL: three statements inside one function: the sequence, `pg_locks`, and the latest event below both. Events up to
 * the mark must be read by a later statement.
 *
 * @param among the mark of the events that have one of these tags or types. @default of all events
 */
export function highWaterMarkStatement(schema: string, among?: QueriedWords): Statement {
  return {
    name: `leftfold high-water mark ${schema}`,
    text: `select high_water_mark::pg_catalog.text, pending, mark_event_id, top::pg_catalog.text, lineage
             from "${schema}"._high_water_mark($1, $2)`,
    values: among === undefined ? [null, null] : [among.tags, among.types],
  };
}
