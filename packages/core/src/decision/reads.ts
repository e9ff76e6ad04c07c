import type { AggregateRead } from '../aggregate/aggregate-read.ts';
import type { AnyAggregate } from '../aggregate/define-aggregate.ts';
import type { AnyFold, FoldRead } from './define-fold.ts';

/** What a decision reads under one role: an aggregate, a fold, or a list of folds. */
export type RoleRead = AggregateRead<AnyAggregate> | FoldRead<AnyFold> | readonly FoldRead<AnyFold>[];

/** What a decision reads, by role. */
export type ReadsByRole = Readonly<Record<string, RoleRead>>;

/** The states that a decision is made on, by role; a list for a list of folds. */
export type StatesOf<TReads> = { readonly [TRole in keyof TReads]: StateOfRead<TReads[TRole]> };

/**
 * The same. Of a fold over events that the decision does not declare, a text that says so: `decide` does not compile with it.
 *
 * @typeParam TCategory of the events that it declares
 */
export type DeclaredStatesOf<TReads, TCategory extends string> = {
  readonly [TRole in keyof TReads]: [Exclude<CategoryOfRead<TReads[TRole]>, TCategory>] extends [never]
    ? StateOfRead<TReads[TRole]>
    : `events of the decision lacks the group "${Exclude<CategoryOfRead<TReads[TRole]>, TCategory>}"`;
};

/** Of the events of folds; never when it is not known. */
type CategoryOfRead<TRead> = TRead extends readonly (infer TPart)[]
  ? CategoryOfRead<TPart>
  : TRead extends { readonly fold: { readonly events: readonly { readonly category: infer TCategory }[] } }
    ? string extends TCategory
      ? never
      : TCategory & string
    : never;

type StateOfRead<TRead> = TRead extends { readonly aggregate: { readonly initialState: infer TState } }
  ? TState
  : TRead extends { readonly fold: { readonly initialState: infer TState } }
    ? TState
    : TRead extends readonly { readonly fold: { readonly initialState: infer TState } }[]
      ? readonly TState[]
      : never;

/** The roles of aggregates. */
export type AggregateRoles<TReads> = {
  [TRole in keyof TReads & string]: TReads[TRole] extends { readonly aggregate: unknown } ? TRole : never;
}[keyof TReads & string];

/** The aggregate of a role. */
export type AggregateIn<TRead> = TRead extends { readonly aggregate: infer TAggregate } ? TAggregate : never;

export function isAggregateRead(read: unknown): read is AggregateRead<AnyAggregate> {
  return typeof read === 'object' && read !== null && 'aggregate' in read && 'id' in read;
}

export function isFoldRead(read: unknown): read is FoldRead<AnyFold> {
  return typeof read === 'object' && read !== null && 'fold' in read && 'tags' in read;
}
