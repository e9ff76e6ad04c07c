import type { z } from 'zod';
import type { EventSchema } from '../event/schema-versions.ts';

/** The part of a zod schema, or of one of its checks, that is read here. */
interface Part {
  readonly _zod: { readonly def: Readonly<Record<string, unknown>> };
}

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
  /** The schemas around the one that is looked at: a recursive one contains itself. */
  const around = new Set<unknown>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || around.has(value)) return;
    if (!isPart(value)) {
      if (Array.isArray(value)) for (const element of value) visit(element, path);
      return;
    }
    around.add(value);
    const { def } = value._zod;
    const word = checks[String(def['check'])] ?? types[String(def['type'])];
    if (word !== undefined) found.add(path === '' ? word : `${path}: ${word}`);
    for (const [name, member] of Object.entries(def)) {
      if (name === 'shape') {
        for (const [field, one] of Object.entries(member as Readonly<Record<string, unknown>>))
          visit(one, path === '' ? field : `${path}.${field}`);
      } else if (name === 'element') visit(member, `${path}[]`);
      else if (name === 'valueType') visit(member, path === '' ? '*' : `${path}.*`);
      else if (name === 'getter') visit((member as () => z.ZodType)(), path);
      else visit(member, path);
    }
    around.delete(value);
  };
  visit(schema, '');
  return [...found].toSorted((one, other) => (one < other ? -1 : 1));
}

function isPart(value: object): value is Part {
  return '_zod' in value;
}
