import type { EventSchema } from '../event/schema-versions.ts';
import { visitParts } from './schema-parts.ts';

/** What of a zod schema a JSON Schema does not say, by the word of zod for it. */
const types: Readonly<Record<string, string>> = {
  catch: 'catch',
  pipe: 'pipe',
  transform: 'transform',
};
const checks: Readonly<Record<string, string>> = { custom: 'refine', overwrite: 'overwrite' };

/**
 * The refinements, transforms and pipes of a schema, each with the path of its field: `cents: refine`. JSON Schema cannot
 * say them, so they are not compared.
 */
export function uncomparedIn(schema: EventSchema): readonly string[] {
  const found = new Set<string>();
  visitParts(schema, (def, path) => {
    const word = checks[String(def['check'])] ?? types[String(def['type'])];
    if (word !== undefined) found.add(path === '' ? word : `${path}: ${word}`);
  });
  return [...found].toSorted((one, other) => (one < other ? -1 : 1));
}
