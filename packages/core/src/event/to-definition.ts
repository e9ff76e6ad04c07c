import { assertSchema } from '../input/assert-definition.ts';
import { assertMemberName } from '../naming/names.ts';
import type { EventDefinition } from './event-definition.ts';
import type { EventShape } from './event-shapes.ts';
import { SchemaVersions } from './schema-versions.ts';
import { TaggedShape } from './tagged-shape.ts';

/**
 * The definition of one event.
 *
 * @param argument names the shape, for error messages
 * @throws InvalidNameError when the name has other characters than letters, digits, "_" and "-"
 * @throws InvalidArgumentError when the shape is neither a schema nor a history of schemas
 */
export function toDefinition(
  category: string,
  name: string,
  given: EventShape,
  argument: string,
): EventDefinition {
  const { shape, tags } = given instanceof TaggedShape ? given : { shape: given, tags: undefined };
  if (!(shape instanceof SchemaVersions)) assertSchema(argument, shape);
  assertMemberName('event name', name);
  const type = `${category}.${name}`;
  if (!(shape instanceof SchemaVersions)) {
    const only = { schemaVersion: 1, schema: shape };
    return { type, ...only, written: only, tags, schemas: [shape], steps: [], code: [] };
  }
  const { schemaVersion, schema, first, steps, code, writtenVersion } = shape;
  const schemas = [first, ...steps.map((step) => step.schema)];
  return {
    type,
    schemaVersion,
    schema,
    schemas,
    steps,
    code,
    written: writtenVersion ?? { schemaVersion, schema },
    tags,
  };
}
