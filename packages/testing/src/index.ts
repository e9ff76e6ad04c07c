export { checkEventSchemas, type CheckEventSchemasOptions } from './event-schemas/check-event-schemas.ts';
export type { GivenOptions } from './given/decision-context.ts';
export { given } from './given/given.ts';
export type { GivenAggregate } from './given/given-aggregate.ts';
export type { GivenDecision } from './given/given-decision.ts';
export {
  type GivenEvent,
  type GivenEvents,
  givenEvents,
  type GivenEventsOptions,
  inStream,
  type PlacedEvent,
} from './given/given-events.ts';
export type {
  ExpectedOutput,
  GivenProcess,
  GivenProcessOptions,
  ProcessOutcome,
  RejectingOptions,
} from './given/given-process.ts';
export type { GivenInput, GivenOwnInput } from './given/process-inputs.ts';
export type { GivenProcessStatus } from './given/process-instance.ts';
export type { Outcome, ThenState } from './given/outcome.ts';
export type { ProjectedTable } from './given/projected-table.ts';
export type { Reacted, ReactOptions } from './given/reacted.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory/create-memory-store.ts';
export { MemoryLog } from './memory/memory-log.ts';
