import type { EventMetadata } from './metadata.ts';
import type { EventSchema, UpcastStep } from './schema-versions.ts';

/** One event type: its stored name, its newest schema, and the steps from each older one. */
export interface EventDefinition {
  /** `<category>.<name>`, as it is stored. */
  readonly type: string;
  readonly schemaVersion: number;
  readonly schema: EventSchema;
  readonly steps: readonly UpcastStep[];
}

/** What may be said of an event beside its payload. */
export interface EventOptions {
  readonly id?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: EventMetadata | undefined;
}
