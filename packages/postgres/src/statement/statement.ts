/** One SQL statement of fixed text. */
export interface Statement {
  /** With a name it is prepared once for each connection; without, planned for its values each time. */
  readonly name: string | undefined;
  readonly text: string;
  /** Without values and a name, the text may hold several statements; the rows are those of the last one. */
  readonly values: readonly unknown[];
  /** Milliseconds in which the database has to answer. @default that of the runner */
  readonly answerMs?: number | undefined;
}

/** Runs a statement: on any connection of a pool, or inside a transaction. */
export type StatementRunner = <TRow extends object>(statement: Statement) => Promise<readonly TRow[]>;
