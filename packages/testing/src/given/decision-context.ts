import type { DecideContext, EventMetadata } from '@leftfold/core';

/** What a decision gets beside the state, so that the same test decides the same every time. */
export interface GivenOptions {
  /** The moment of the decision. @default 2000-01-01T00:00:00.000Z */
  readonly now?: Date;
  /** Makes ids. @default 'id-1', 'id-2', …, from the start for each command */
  readonly newId?: () => string;
  /** @default none */
  readonly metadata?: EventMetadata;
}

/** Where the clock of tests stands, unless they say otherwise. */
export const DEFAULT_NOW = '2000-01-01T00:00:00.000Z';

export function toDecisionContext({ now, newId, metadata = {} }: GivenOptions): DecideContext {
  let made = 0;
  const count = () => {
    made += 1;
    return `id-${made}`;
  };
  return { now: now ?? new Date(DEFAULT_NOW), newId: newId ?? count, metadata };
}
