export { BatchFailure, type FailedBatch } from './handler/batch-failure.ts';
export type { PreparedBatch, SubscriptionHandler, SubscriptionPage } from './handler/subscription-handler.ts';
export { storedCountOf } from './handler/stored-count.ts';
export { writeInTransaction } from './handler/write-in-transaction.ts';
export { leaseTransaction } from './lease/lease-transaction.ts';
export { type GrantedLease, LeaseTerm } from './lease/lease-term.ts';
export {
  type RunnerOptions,
  type SubscriptionRunnerOptions,
  toWaitOptions,
  type WaitForOptions,
} from './runner/runner-options.ts';
export { createSubscriptionRunner } from './runner/create-subscription-runner.ts';
export { SubscriptionRunner } from './runner/subscription-runner.ts';
export { withStoreErrors } from './runner/with-store-errors.ts';
export { advanceCheckpoint, type CheckpointStep, checkpointUpdate } from './sql/checkpoint.ts';
export { fenceLeases } from './sql/fence.ts';
export { markInline } from './sql/inline.ts';
export type { HeldLease } from './sql/leases.ts';
export { type Progress, readProgress } from './sql/progress.ts';
export type { Checkpoint, Demotion, StoredFailure } from './sql/row.ts';
export type { SchemaConnection } from './sql/schema-connection.ts';
export { hasReached, type ReachedRow } from './sql/reached.ts';
export { lockSubscription, readCheckpoints } from './sql/subscriptions.ts';
export {
  guarded,
  type OnIncident,
  type SubscriptionIncident,
  warner,
} from './status/subscription-incident.ts';
export type {
  ParkedTotals,
  SliceStatus,
  SubscriptionState,
  SubscriptionStatus,
} from './status/subscription-status.ts';
export { continuedBy, type DeclaredDefinition, hashOf } from './subscription/definition-hash.ts';
export {
  declaredDefinition,
  type PromotionResult,
  type SubscriptionDefinition,
} from './subscription/subscription-definition.ts';
export type { SubscriptionKey, SubscriptionRef } from './subscription/subscription-key.ts';
export { answerLimitMs } from './wait/answer-limit.ts';
export type { SubscriptionReads } from './wait/subscription-reads.ts';
export {
  type GiveUpOptions,
  ParkedEvents,
  type ParkedListOptions,
  type ParkedPageOptions,
} from './parking/parked-events.ts';
export { storedKey } from './parking/keys-of.ts';
export type { GivenUp, ParkedFailure, ParkedKey } from './sql/list-parked.ts';
export { asideColumn } from './sql/parked.ts';
export { storableMessage } from './sql/storable-message.ts';
export type { ParkingChange, ParkingChanges, ParkedPlace } from './sql/parking-change.ts';
export type { ExecuteCommand } from './reaction/call-handler.ts';
export { type HandlerCommandOptions, HandlerCommands } from './reaction/handler-commands.ts';
export { type CallLimits, withinCall, withinTime } from './reaction/within-call.ts';
export { EventLoopTime, type LoopSpan, MOST_BUSY, type TimeOfLoop } from './loop/event-loop-time.ts';
export {
  createReactionRunner,
  type ReactionRef,
  ReactionRunner,
  type ReactionRunnerOptions,
  type ResetReactionOptions,
} from './reaction/reaction-runner.ts';
export type { Effect, EffectBatch } from './effect/effect.ts';
export { EffectRunner, type EffectRunnerOptions } from './effect/effect-runner.ts';
export type { KeyQueue } from './effect/key-queues.ts';
export { type ProcessEvent, processQueues } from './effect/process-queues.ts';
export type { RewindOptions } from './reset/reset-subscription.ts';
