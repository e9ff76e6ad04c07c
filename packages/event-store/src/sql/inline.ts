import { type Statement, textArray } from '@leftfold/postgres';

export interface DemotedRow {
  /** Names and versions of the projections, for messages; null when there were none. */
  readonly demoted: string | null;
}

/**
 * Ends the inline mode of the projections that read one of these event types and are not among `appliedInline`.
 *
 * SQL: one call of `_demote_inline_projections`; holds the exclusive inline lock until commit when there are any, and
 * waits 250 ms for it. Needs read committed.
 */
export function demoteStatement(
  schema: string,
  eventTypes: readonly string[],
  appliedInline: readonly string[],
): Statement {
  return {
    name: undefined,
    text: `select "${schema}"._demote_inline_projections(event_type => $1::pg_catalog.text[],
                   applied_inline => $2::pg_catalog.text[]) as demoted`,
    values: [textArray(eventTypes), textArray(appliedInline)],
  };
}
