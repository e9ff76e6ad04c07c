/** A value that JSON keeps unchanged. A `Date`, `bigint`, `Map` or class instance is none and does not compile. */
export type JsonValue = JsonScalar | readonly JsonValue[] | JsonObject;

type JsonScalar = string | number | boolean | null;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}
