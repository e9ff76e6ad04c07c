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

/** The keys of tags, of all forms in which a function returns them. */
export type KeysOf<TTags> = TTags extends TTags ? keyof TTags & string : never;

/** A payload with its tags, and in its type their keys. */
export class TaggedShape<TShape, TKey extends string = string> {
  readonly shape: TShape;
  readonly tags: TagsOfPayload;
  /** Exists in types only. */
  declare readonly key?: TKey;

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
      if (!isTagValue(each))
        throw invalid(
          type,
          `returned a value for ${shownName(key)} that is no tag; return a text or a number`,
        );
      return tagOf(key, each);
    }),
  );
}

/** @throws InvalidNameError when the tag is too long, or has control characters */
export function tagOf(key: string, value: string | number): string {
  const tag = `${key}:${String(value)}`;
  assertId('tag', tag);
  return tag;
}

export function isTagValue(value: unknown): value is string | number {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value);
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
