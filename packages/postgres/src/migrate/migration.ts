/** One numbered, forward-only change. In its SQL, `:schema` stands for the schema's name. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrateOptions {
  readonly schema: string;
  /** Each component counts its own migrations in the schema's one `migrations` table. */
  readonly component: string;
  /** In the order of their numbers. */
  readonly migrations: readonly Migration[];
  /**
   * The component's functions, as they are in this release: created anew whenever a migration was applied, so that a
   * release with another function has another migration. Processes of an older release may still call them, so new
   * arguments have defaults and calls name their arguments.
   */
  readonly functions?: readonly SqlFunction[] | undefined;
  /** Milliseconds in which the database has to answer all that is not a migration. @default 30000 */
  readonly answerMs?: number | undefined;
}

/** `create or replace function :schema.<name> …`. A name has one function, no overloads. */
export interface SqlFunction {
  readonly name: string;
  readonly sql: string;
}
