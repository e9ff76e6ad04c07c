import type { JsonValue } from '../event/json.ts';
import { asSchema, type SchemaInRoot } from './json-schema.ts';
import type { Compare, SchemaChange } from './schema-change.ts';

/** The differences between the elements of two lists, and between those of two tuples. */
export function compareLists(
  before: SchemaInRoot,
  after: SchemaInRoot,
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  const elements = `${path}[]`;
  const part = (side: SchemaInRoot, schema: JsonValue | undefined) => ({
    ...side,
    schema: asSchema(schema),
  });
  const [tuple, newer] = [before, after].map(({ schema }) =>
    Array.isArray(schema['prefixItems']) ? (schema['prefixItems'] as readonly JsonValue[]) : [],
  ) as [readonly JsonValue[], readonly JsonValue[]];
  if (tuple.length !== newer.length)
    return [
      { path, effect: 'different', change: `a list of ${tuple.length} changed to one of ${newer.length}` },
    ];
  return [
    ...tuple.flatMap((one, index) =>
      compare(part(before, one), part(after, newer[index]), `${path}[${index}]`),
    ),
    ...compare(part(before, before.schema['items']), part(after, after.schema['items']), elements),
  ];
}
