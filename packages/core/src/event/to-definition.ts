import { assertSchema } from '../input/assert-definition.ts';
import { assertMemberName } from '../naming/names.ts';
import type { EventDefinition } from './event-definition.ts';
import type { EventShape, UntaggedShape } from './event-shapes.ts';
import { type EventSchema, SchemaVersions } from './schema-versions.ts';
import { TaggedShape } from './tagged-shape.ts';
import { holds } from '../input/holds.ts';

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
  const { shape, tags } = isTagged(given) ? given : { shape: given, tags: undefined };
  if (!isHistory(shape)) assertSchema(argument, shape);
  assertMemberName('event name', name);
  const type = `${category}.${name}`;
  if (!isHistory(shape)) {
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

// Unlike `instanceof`, false for a proxy that throws.

function isTagged(given: EventShape): given is TaggedShape<UntaggedShape> {
  return holds(() => given instanceof TaggedShape);
}

function isHistory(shape: UntaggedShape): shape is Exclude<UntaggedShape, EventSchema> {
  return holds(() => shape instanceof SchemaVersions);
}
