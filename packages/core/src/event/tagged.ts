import { assertGivenFunction, assertSchema } from '../input/assert-definition.ts';
import type { ShapePayload, UntaggedShape, WrittenData } from './event-shapes.ts';
import { SchemaVersions } from './schema-versions.ts';
import { type KeysOf, TaggedShape, type TagValues } from './tagged-shape.ts';
import { holds } from '../input/holds.ts';

/**
 * A payload whose events have tags, by which decisions find them across streams.
 *
 * Tags are made when an event is appended, and stored with it. Events that were stored before have those that they were
 * given then.
 *
 * @example
 * ```ts
 * export const courseEvents = defineEvents('course', {
 *   planned: tagged(z.object({ courseId: z.string(), seats: z.int() }), ({ courseId }) => ({ course: courseId })),
 * });
 * ```
 *
 * @param shape a zod schema, or a history of schemas
 * @param tags pure: the values by key, made of the payload that is written. A list is one tag for each element, `undefined`
 * none.
 * @throws InvalidArgumentError when the shape is neither a schema nor a history of schemas, or `tags` is no function.
 */
export function tagged<TShape extends UntaggedShape, TTags extends TagValues>(
  shape: TShape,
  tags: (data: WrittenData<ShapePayload<TShape>>) => TTags,
): TaggedShape<TShape, KeysOf<TTags>> {
  if (!holds(() => shape instanceof SchemaVersions)) assertSchema('shape', shape);
  assertGivenFunction('tags', tags);
  // Sound: the payload of an event that is appended was parsed by the schema that is written.
  return new TaggedShape(shape, (data) => tags(data as WrittenData<ShapePayload<TShape>>));
}
