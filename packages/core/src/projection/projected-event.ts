import type { z } from 'zod';
import type { AnyEventGroup, RecordedEventOf } from '../event/define-events.ts';
import type { MetadataSchema, RecordedMetadata } from '../event/metadata.ts';

/** Any event that a projection reads, with the metadata fields of its schema. */
export type ProjectedEvent<
  TGroups extends readonly AnyEventGroup[],
  TMetadata extends MetadataSchema,
> = RecordedEventOf<TGroups[number], RecordedMetadata<z.output<TMetadata>>>;
