import type { z } from 'zod';

type Schema = z.core.$ZodType;

/** What a schema says of one member of a value. */
interface Member {
  /** `open`: the names of members are content, as the keys of a record are. `closed`: it has no others than it declares. */
  readonly name: 'declared' | 'open' | 'closed';
  readonly schema: Schema | undefined;
}

/**
 * A path within a value, as it may be in an error: names that the schema declares and indexes of lists as they are, and
 * `*` for any other name, such as a key of a record, which may be content.
 *
 * @param schema undefined where none is known: then each name is `*`
 */
export function declaredPath(schema: Schema | undefined, path: readonly PropertyKey[]): string {
  let schemas = schema === undefined ? [] : [schema];
  const shown = path.map((segment) => {
    const members = structuresOf(schemas).map((structure) => memberOf(structure, segment));
    schemas = members.flatMap((member) => member.schema ?? []);
    const names = new Set(members.map(({ name }) => name));
    // A name that no schema declares is that of a refinement, `{ path: ['repeated'] }`, unless data could have it.
    const isKnown = names.has('declared') || (names.has('closed') && !names.has('open'));
    return isKnown ? String(segment) : '*';
  });
  return shown.join('.');
}

/** The schemas within wrappers, unions and pipes; a schema that contains itself is looked at once. */
function structuresOf(schemas: readonly Schema[]): readonly Schema[] {
  const seen = new Set<Schema>();
  const open = [...schemas];
  const structures: Schema[] = [];
  for (let schema = open.pop(); schema !== undefined; schema = open.pop()) {
    if (seen.has(schema)) continue;
    seen.add(schema);
    const parts = partsOf(schema);
    if (parts === undefined) structures.push(schema);
    else open.push(...parts);
  }
  return structures;
}

/** The schemas that a value has to match, or one of them; undefined for one that looks at the value itself. */
function partsOf(schema: Schema): readonly Schema[] | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('innerType' in def) return [def.innerType];
  if (def.type === 'lazy') return [def.getter()];
  if (def.type === 'union') return def.options;
  if (def.type === 'intersection') return [def.left, def.right];
  return def.type === 'pipe' ? [def.in, def.out] : undefined;
}

const takesAnything: readonly string[] = ['any', 'unknown', 'custom', 'transform'];

function memberOf(schema: Schema, segment: PropertyKey): Member {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'object') {
    const { shape, catchall } = def;
    if (Object.hasOwn(shape, segment)) return { name: 'declared', schema: shape[String(segment)] };
    const takesOthers = catchall !== undefined && catchall._zod.def.type !== 'never';
    return takesOthers ? { name: 'open', schema: catchall } : { name: 'closed', schema: undefined };
  }
  if (typeof segment === 'number') {
    if (def.type === 'array') return { name: 'declared', schema: def.element };
    if (def.type === 'tuple')
      return { name: 'declared', schema: def.items[segment] ?? def.rest ?? undefined };
  }
  if (def.type === 'record') {
    const isDeclared = def.keyType._zod.values?.has(String(segment)) === true;
    return { name: isDeclared ? 'declared' : 'open', schema: def.valueType };
  }
  if (def.type === 'map') return { name: 'open', schema: def.valueType };
  return { name: takesAnything.includes(def.type) ? 'open' : 'closed', schema: undefined };
}
