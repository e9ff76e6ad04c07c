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
}
