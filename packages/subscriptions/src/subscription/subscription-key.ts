/** Identifies a durable subscription: its row in the database, and its entry in every map of this package. */
export interface SubscriptionKey {
  readonly name: string;
  readonly version: number;
  readonly slice: number;
}

/** A {@link SubscriptionKey} as callers write it. */
export interface SubscriptionRef {
  readonly name: string;
  readonly version: number;
  /** @default 0 */
  readonly slice?: number | undefined;
}

export function toKey({ name, version, slice = 0 }: SubscriptionRef): SubscriptionKey {
  return { name, version, slice };
}

/** The key as text, for maps. Equal for equal keys only: version and slice are numbers, so the name ends before them. */
export function mapKeyOf({ name, version, slice }: SubscriptionKey): string {
  return `${name}/${version}/${slice}`;
}
