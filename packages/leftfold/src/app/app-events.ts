import type {
  AnyAggregate,
  AnyDecision,
  AnyEventGroup,
  AnyProjection,
  CustomMetadata,
  RecordedEventOf,
  RecordedMetadata,
} from '@leftfold/core';

/** Every event that an app reads: those of its aggregates, decisions and projections, and further ones. */
export type AppEvent<
  TAggregate extends AnyAggregate,
  TDecision extends AnyDecision,
  TProjection extends AnyProjection,
  TGroup extends AnyEventGroup,
  TMetadata extends CustomMetadata,
> = RecordedEventOf<
  TAggregate['events'] | AggregateIn<TDecision>['events'] | TProjection['events'][number] | TGroup,
  RecordedMetadata<TMetadata>
>;

/** By the names of its roles: indexed by any text, a decision has aggregates without their types. */
type AggregateIn<TDecision extends AnyDecision> = TDecision extends AnyDecision
  ? TDecision['aggregates'][keyof TDecision['aggregates']]
  : never;
