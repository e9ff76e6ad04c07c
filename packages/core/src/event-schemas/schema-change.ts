import type { SchemaInRoot } from './json-schema.ts';

/**
 * What became of the accepted values. `narrower`: some are not accepted any more, and no other ones are. `wider`: some more
 * are, beside all that were. `same`: neither, for who ignores fields that are not named. `different`: both, or not known.
 */
export type SchemaEffect = 'narrower' | 'wider' | 'same' | 'different';

/** One difference between two JSON Schemas. */
export interface SchemaChange {
  /** Names of fields; `[]` for the elements of a list, `*` for the values of a record. Empty for the payload itself. */
  readonly path: string;
  readonly effect: SchemaEffect;
  readonly change: string;
}

/** Compares the parts of two schemas at a path. */
export type Compare = (before: SchemaInRoot, after: SchemaInRoot, path: string) => readonly SchemaChange[];
