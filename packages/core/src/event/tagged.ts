import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName } from '../errors/shown.ts';
import { assertGivenFunction, assertSchema } from '../input/assert-definition.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertId } from '../naming/names.ts';
import type { ShapePayload, UntaggedShape, WrittenData } from './event-shapes.ts';
import type { JsonValue } from './json.ts';
import { SchemaVersions } from './schema-versions.ts';

/** The value of a tag; a list for several tags with one key, `undefined` for none. */
export type TagValue = string | number | readonly (string | number)[] | undefined;

/** Values of tags by key: `{ course: 'c1' }` for the tag `course:c1`. */
export type TagValues = Readonly<Record<string, TagValue>>;

/** The tags of an event, made of its payload. */
export type TagsOfPayload = (data: JsonValue) => TagValues;

/** A payload with its tags. */
export class TaggedShape<TShape extends UntaggedShape> {
  readonly shape: TShape;
  readonly tags: TagsOfPayload;

  /** @internal made by {@link tagged} */
  constructor(shape: TShape, tags: TagsOfPayload) {
    this.shape = shape;
    this.tags = tags;
  }
}

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
export function tagged<TShape extends UntaggedShape>(
  shape: TShape,
  tags: (data: WrittenData<ShapePayload<TShape>>) => TagValues,
): TaggedShape<TShape> {
  if (!(shape instanceof SchemaVersions)) assertSchema('shape', shape);
  assertGivenFunction('tags', tags);
  // Sound: the payload of an event that is appended was parsed by the schema that is written.
  return new TaggedShape(shape, (data) => tags(data as WrittenData<ShapePayload<TShape>>));
}

export const NO_TAGS: readonly string[] = Object.freeze([]);

/**
 * The tags that a definition declares for a payload: `key:value` texts, in the order of their declaration.
 *
 * @throws InvalidDefinitionError when the function returns no object, or a value that no tag can have
 * @throws InvalidNameError when a tag is too long, or has control characters
 */
export function tagsOfPayload(type: string, tags: TagsOfPayload, data: JsonValue): readonly string[] {
  const values: unknown = tags(data);
  if (!isObjectOfValues(values)) throw invalid(type, 'must return a plain object with a value for each key');
  return Object.entries(values).flatMap(([key, value]) =>
    listOf(value).map((each) => {
      if (key === '' || key.includes(':'))
        throw invalid(type, `returned the key ${shownName(key)}; a key is not empty and has no ":"`);
      const isText = typeof each === 'string' && each !== '';
      if (!isText && !Number.isFinite(each))
        throw invalid(
          type,
          `returned a value for ${shownName(key)} that is no tag; return a text or a number`,
        );
      const tag = `${key}:${String(each)}`;
      assertId('tag', tag);
      return tag;
    }),
  );
}

function isObjectOfValues(values: unknown): values is Readonly<Record<string, unknown>> {
  return typeof values === 'object' && values !== null && !Array.isArray(values) && isPlainObject(values);
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function invalid(type: string, what: string): InvalidDefinitionError {
  return new InvalidDefinitionError(`the tags of event "${type}" ${what}`);
}
