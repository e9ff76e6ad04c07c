/**
 * A value of `TValue` of which nothing can be assigned, at any level. A `Date` and an instance of a class stay as they
 * are, except that the properties of the instance cannot be assigned.
 */
export type Immutable<TValue> = unknown extends TValue
  ? TValue
  : TValue extends string | number | boolean | bigint | symbol | null | undefined | Date | Method
    ? TValue
    : TValue extends ReadonlyMap<infer TKey, infer TItem>
      ? ReadonlyMap<Immutable<TKey>, Immutable<TItem>>
      : TValue extends ReadonlySet<infer TItem>
        ? ReadonlySet<Immutable<TItem>>
        : { readonly [TName in keyof TValue]: Immutable<TValue[TName]> };

type Method = (...given: never) => unknown;
