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
  TAggregate['events'] | TDecision['events'][number] | TProjection['events'][number] | TGroup,
  RecordedMetadata<TMetadata>
>;
