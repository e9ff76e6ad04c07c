/** Identifies a durable subscription in calls, and in the maps of this package. */
export interface SubscriptionRef {
  readonly name: string;
  readonly version: number;
}

/** Identifies one slice of a subscription: its row in the database, with a checkpoint and a lease. */
export interface SubscriptionKey extends SubscriptionRef {
  /** From 0. A subscription that is not divided has the slice 0 alone. */
  readonly slice: number;
}

/** The key alone, of what has more. */
export function keyOf({ name, version, slice }: SubscriptionKey): SubscriptionKey {
  return { name, version, slice };
}

/** The subscription as text, for maps. Equal for equal ones only: the version is a number, so the name ends before it. */
export function refKeyOf({ name, version }: SubscriptionRef): string {
  return `${name}/${version}`;
}

/** The same of a slice. */
export function mapKeyOf(key: SubscriptionKey): string {
  return `${refKeyOf(key)}/${key.slice}`;
}
