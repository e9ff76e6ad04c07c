import type { JsonObject } from '../event/json.ts';
import { asSchema, type SchemaInRoot } from './json-schema.ts';
import type { Compare, SchemaChange } from './schema-change.ts';

/** The differences between the fields of two objects, and between the values of two records. */
export function compareObjects(
  before: SchemaInRoot,
  after: SchemaInRoot,
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  const [one, other] = [fieldsOf(before.schema), fieldsOf(after.schema)];
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  const changes: SchemaChange[] = [];
  const isClosed = before.schema['additionalProperties'] === false;
  for (const [name, schema] of one.properties) {
    const newer = other.properties.get(name);
    const [was, is] = [one.required.has(name), other.required.has(name)];
    if (newer === undefined) {
      changes.push({ path: at(name), effect: was ? 'different' : 'narrower', change: 'field removed' });
      continue;
    }
    if (was !== is)
      changes.push({
        path: at(name),
        effect: is ? 'narrower' : 'wider',
        change: is ? 'made required' : 'made optional',
      });
    changes.push(...compare({ ...before, schema }, { ...after, schema: newer }, at(name)));
  }
  for (const name of other.properties.keys()) {
    if (one.properties.has(name)) continue;
    const isRequired = other.required.has(name);
    const change = `${isRequired ? 'required' : 'optional'} field added`;
    const effect = isRequired ? (isClosed ? 'different' : 'narrower') : isClosed ? 'wider' : 'same';
    changes.push({ path: at(name), effect, change });
  }
  return [...changes, ...compareOthers(before, after, at('*'), compare)];
}

/** Fields that an object does not name. */
function compareOthers(
  before: SchemaInRoot,
  after: SchemaInRoot,
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  const [was, is] = [before.schema['additionalProperties'], after.schema['additionalProperties']];
  if (was === false)
    return is === false ? [] : [{ path, effect: 'wider', change: 'other fields are accepted' }];
  if (is === false) return [{ path, effect: 'narrower', change: 'other fields are not accepted any more' }];
  return compare({ ...before, schema: asSchema(was) }, { ...after, schema: asSchema(is) }, path);
}

function fieldsOf(schema: JsonObject) {
  const properties = Object.entries(asSchema(schema['properties'])).map(
    ([name, property]) => [name, asSchema(property)] as const,
  );
  const { required } = schema as { readonly required?: unknown };
  return {
    properties: new Map(properties),
    required: new Set<unknown>(Array.isArray(required) ? required : []),
  };
}
