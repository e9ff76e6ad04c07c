import type { z } from 'zod';
import type { EventSchema } from '../event/schema-versions.ts';

/** What a zod schema, or one of its checks, was made with. */
export type PartDefinition = Readonly<Record<string, unknown>>;

/**
 * Calls `onPart` for each schema and check within a schema, with the path of its field: names of fields; `[]` for the elements
 * of a list, `*` for the values of a record.
 *
 * @param isLeftOut whether a member of a definition is not looked into
 */
export function visitParts(
  schema: EventSchema,
  onPart: (definition: PartDefinition, path: string) => void,
  isLeftOut: (definition: PartDefinition, member: string) => boolean = () => false,
): void {
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
    onPart(def, path);
    for (const [name, member] of Object.entries(def)) {
      if (isLeftOut(def, name)) continue;
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
}

/** The part of a zod schema, or of one of its checks, that is read here. */
function isPart(value: object): value is { readonly _zod: { readonly def: PartDefinition } } {
  return '_zod' in value;
}
