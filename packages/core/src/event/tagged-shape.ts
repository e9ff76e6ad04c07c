import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName } from '../errors/shown.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertId } from '../naming/names.ts';
import type { JsonValue } from './json.ts';

/** The value of a tag; a list for several tags with one key, `undefined` for none. */
export type TagValue = string | number | readonly (string | number)[] | undefined;

/** Values of tags by key: `{ course: 'c1' }` for the tag `course:c1`. */
export type TagValues = Readonly<Record<string, TagValue>>;

/** The tags of an event, made of its payload. */
export type TagsOfPayload = (data: JsonValue) => TagValues;

/** A payload with its tags. */
export class TaggedShape<TShape> {
  readonly shape: TShape;
  readonly tags: TagsOfPayload;

  /** @internal made by `tagged` */
  constructor(shape: TShape, tags: TagsOfPayload) {
    this.shape = shape;
    this.tags = tags;
  }
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
