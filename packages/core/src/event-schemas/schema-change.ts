import type { SchemaInRoot } from './json-schema.ts';

/** One difference between two JSON Schemas. */
export interface SchemaChange {
  /** Names of fields; `[]` for the elements of a list, `*` for the values of a record. Empty for the payload itself. */
  readonly path: string;
  /** Whether a stored payload may not be what the newer schema says, or have a field that it does not know. */
  readonly breaking: boolean;
  readonly change: string;
}

/** Compares the parts of two schemas at a path. */
export type Compare = (before: SchemaInRoot, after: SchemaInRoot, path: string) => readonly SchemaChange[];
