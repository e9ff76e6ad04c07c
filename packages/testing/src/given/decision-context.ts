import type { DecideContext, EventMetadata } from '@leftfold/core';

/** The context that `decide` gets. The defaults are fixed, so that a test has the same result in every run. */
export interface GivenOptions {
  /** The time of the decision. @default 2000-01-01T00:00:00.000Z */
  readonly now?: Date;
  /** Makes ids. @default 'id-1', 'id-2', …, starting again for each command */
  readonly newId?: () => string;
  /** Metadata of the command. @default none */
  readonly metadata?: EventMetadata;
}

/** The default time in tests. */
export const DEFAULT_NOW = '2000-01-01T00:00:00.000Z';

export function toDecisionContext({ now, newId, metadata = {} }: GivenOptions): DecideContext {
  let made = 0;
  const count = () => {
    made += 1;
    return `id-${made}`;
  };
  return { now: now ?? new Date(DEFAULT_NOW), newId: newId ?? count, metadata };
}
