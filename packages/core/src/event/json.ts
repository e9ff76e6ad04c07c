/** What survives JSON unchanged. A `Date`, `bigint`, `Map` or class instance does not, and does not compile. */
export type JsonValue = JsonScalar | readonly JsonValue[] | JsonObject;

type JsonScalar = string | number | boolean | null;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}
