import type { DecisionQuery } from '@leftfold/core';

/** The forms of queries that appends are conditioned on by hand. The event `audit.marked` with both tags matches all of them. */
export const queryForms = {
  tag: ([one]) => [{ tags: [one] }],
  'several tags': ([one, two]) => [{ tags: [one, two] }],
  'tags and types': ([one]) => [{ tags: [one], types: ['audit.marked'] }],
  'last of a tag': ([, two]) => [{ tags: [two], last: true }],
  'several queries': ([one, two]) => [
    { tags: [one], types: ['audit.noted'] },
    { tags: [two], category: 'audit' },
    { tags: [two, one], last: true },
  ],
  types: () => [{ types: ['audit.marked'], last: true }],
  'category and types': () => [{ category: 'audit', types: ['audit.marked', 'audit.noted'], last: true }],
  category: () => [{ category: 'audit', last: true }],
  'no part': () => [{ last: true }],
} as const satisfies Readonly<Record<string, (tags: readonly [string, string]) => readonly DecisionQuery[]>>;

export type QueryForm = keyof typeof queryForms;

/** Those that begin with a tag. The others wait for each other, or for every append. */
export const tagForms = [
  'tag',
  'several tags',
  'tags and types',
  'last of a tag',
  'several queries',
] as const satisfies readonly QueryForm[];

/** What a read for a decision returned: the number of its events, and the position of the last one. */
export interface Read {
  readonly queries: readonly DecisionQuery[];
  readonly count: number;
  readonly last: number;
}
