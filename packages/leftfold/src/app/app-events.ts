import type { CustomMetadata, MetadataWith } from '@leftfold/commands';
import type {
  AnyAggregate,
  AnyDecision,
  AnyEventGroup,
  AnyProjection,
  RecordedEventOf,
} from '@leftfold/core';

/**
 * Every event that an app reads: those of its aggregates, decisions and projections, and further ones.
 *
 * The fields of the app's metadata schema are optional here: an event that was appended without a command, or before
 * the schema had a field, lacks them.
 */
export type AppEvent<
  TAggregate extends AnyAggregate,
  TDecision extends AnyDecision,
  TProjection extends AnyProjection,
  TGroup extends AnyEventGroup,
  TMetadata extends CustomMetadata,
> = RecordedEventOf<
  TAggregate['events'] | TDecision['aggregates'][string]['events'] | TProjection['events'][number] | TGroup,
  MetadataWith<string extends keyof TMetadata ? TMetadata : Partial<TMetadata>>
>;
