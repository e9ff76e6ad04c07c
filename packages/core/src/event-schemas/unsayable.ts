import type { EventSchema } from '../event/schema-versions.ts';
import { type PartDefinition, visitParts } from './schema-parts.ts';

/** A part of a schema whose values JSON Schema cannot describe. */
export interface UnsayablePart {
  /** Names of fields; `[]` for the elements of a list, `*` for the values of a record. Empty for the payload itself. */
  readonly path: string;
  /** What it is, by the word of zod for it: `date`. */
  readonly type: string;
}

/** The schemas that JSON Schema has, by the word of zod; those whose values are those of schemas within them among them. */
const sayable: ReadonlySet<string> = new Set(
  (
    'any array boolean catch default enum intersection lazy literal never nonoptional null nullable number object ' +
    'optional pipe prefault readonly record string success template_literal tuple union unknown'
  ).split(' '),
);

/**
 * The parts of a schema whose values JSON Schema cannot describe, such as dates and transforms. Of a pipe, what comes out of it
 * counts. Refinements are not among them: see `publishedSchema`.
 */
export function unsayableIn(schema: EventSchema): readonly UnsayablePart[] {
  const found = new Map<string, UnsayablePart>();
  visitParts(
    schema,
    (def, path) => {
      const type = unsayableType(def);
      if (type !== undefined) found.set(`${path} ${type}`, { path, type });
    },
    (def, member) => member === 'checks' || (def['type'] === 'pipe' && member === 'in'),
  );
  return [...found.values()];
}

function unsayableType({ type, values }: PartDefinition): string | undefined {
  if (typeof type !== 'string') return undefined;
  if (!sayable.has(type)) return type;
  const others = Array.isArray(values) ? values.filter(isUnsayableValue) : [];
  return others.length === 0 ? undefined : `${type} of ${typeof others[0]}`;
}

function isUnsayableValue(value: unknown): boolean {
  return value === undefined || typeof value === 'bigint';
}
