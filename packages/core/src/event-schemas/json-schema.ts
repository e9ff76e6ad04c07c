import { z } from 'zod';
import type { JsonObject, JsonValue } from '../event/json.ts';
import type { EventSchema } from '../event/schema-versions.ts';

/** A part of a JSON Schema, with the whole that its references lead into. */
export interface SchemaInRoot {
  readonly root: JsonObject;
  readonly schema: JsonObject;
}

/** Texts for people, and what the document says once for all schemas. */
const annotations = new Set(['$comment', '$schema', 'deprecated', 'description', 'examples', 'id', 'title']);

/**
 * The JSON Schema of what is stored under a schema: its output. What JSON Schema cannot say is left out.
 *
 * Members are in the order of their names: the text changes only with what it says.
 */
export function toJsonSchema(schema: EventSchema): JsonObject {
  const made = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return comparable(JSON.parse(JSON.stringify(made)) as JsonValue);
}

/** A schema without texts for people, and with its members in the order of their names. */
export function comparable(schema: JsonValue): JsonObject {
  return asSchema(sorted(schema, ''));
}

/** @param parent the name of the member that has the value: names of fields are no keywords */
function sorted(value: JsonValue, parent: string): JsonValue {
  if (isList(value)) {
    const elements = value.map((element) => sorted(element, ''));
    if (parent !== 'required') return elements;
    return (elements as readonly string[]).toSorted((one, other) => (one < other ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const namesAreData =
    parent === 'properties' || parent === '$defs' || parent === 'default' || parent === 'const';
  const members = Object.entries(value)
    .filter(([name]) => namesAreData || !annotations.has(name))
    .toSorted(byName)
    .map(([name, member]) => [name, sorted(member ?? null, namesAreData ? '' : name)] as const);
  return Object.fromEntries(members);
}

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one < other ? -1 : 1;

/** The same text for equal values: members of objects may be in any order. */
export function canonicalJson(value: JsonValue | undefined): string | undefined {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(byName))
      : member,
  );
}

/** `true` and nothing accept any value, `false` none. */
export function asSchema(schema: JsonValue | undefined): JsonObject {
  if (schema === false) return { not: {} };
  return typeof schema === 'object' && schema !== null && !isList(schema) ? schema : {};
}

/** Follows references; those that lead nowhere accept any value. */
export function resolved({ root, schema }: SchemaInRoot): SchemaInRoot {
  const followed = new Set<JsonObject>();
  let target = schema;
  for (let $ref = target['$ref']; typeof $ref === 'string'; $ref = target['$ref']) {
    if (followed.has(target)) return { root, schema: {} };
    followed.add(target);
    target = $ref
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce((within, name) => asSchema(within[name]), root);
  }
  return { root, schema: target };
}

/** True for a schema that every value matches. */
export function isAny(schema: JsonObject): boolean {
  return Object.keys(schema).every((keyword) => keyword === 'default' || keyword === '$defs');
}

/** The schemas of which a value has to match one. */
export function alternativesOf(side: SchemaInRoot): readonly SchemaInRoot[] {
  const { root, schema } = resolved(side);
  const { anyOf, oneOf = anyOf, enum: values, type } = schema as Readonly<Record<string, unknown>>;
  if (Array.isArray(oneOf))
    return (oneOf as readonly JsonValue[]).flatMap((one) => alternativesOf({ root, schema: asSchema(one) }));
  if (Array.isArray(values))
    return (values as readonly JsonValue[]).map((value) => ({ root, schema: { const: value } }));
  if (Array.isArray(type))
    return (type as readonly string[]).map((one) => ({ root, schema: { ...schema, type: one } }));
  return [{ root, schema }];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
