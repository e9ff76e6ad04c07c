export {
  type Aggregate,
  type AggregateOptions,
  type AnyAggregate,
  type CommandOf,
  type DecideResult,
  defineAggregate,
  type SnapshotPolicy,
  type StateOf,
} from './aggregate/define-aggregate.ts';
export {
  type AnyDecision,
  type Decision,
  type DecisionOptions,
  defineDecision,
} from './decision/define-decision.ts';
export type { DecidedEvent } from './decision/decided-events.ts';
export {
  type AnyFold,
  defineFold,
  type Fold,
  type FoldOptions,
  type FoldRead,
  type ReadEvent,
} from './decision/define-fold.ts';
export type { FoldTags, SomeTags } from './decision/fold-types.ts';
export type { ReadsByRole, RoleRead, StatesOf } from './decision/reads.ts';
export type { AggregateRead } from './aggregate/aggregate-read.ts';
export type { CommandTypes } from './aggregate/command-types.ts';
export type {
  AnyCommand,
  Command,
  CommandEvent,
  CommandInput,
  CommandReason,
  CommandRole,
  DecisionCommand,
  DecideContext,
} from './aggregate/command.ts';
export type { AppendLimits } from './append/append-limits.ts';
export { Rejection, reject } from './aggregate/reject.ts';
export { replay } from './aggregate/replay.ts';
export {
  AppendConditionFailedError,
  AppendTooLargeError,
  CommandAbortedError,
  CommandIdReusedError,
  type ConflictAttempts,
  EventIdReusedError,
  type ExpectedVersion,
  StreamVersionConflictError,
} from './errors/append-errors.ts';
export { InvalidArgumentError } from './errors/argument-errors.ts';
export {
  LoginRefusedError,
  ForeignSchemaError,
  MissingRightsError,
  DatabaseNotConfiguredError,
  ReadOnlyDatabaseError,
  SchemaNotMigratedError,
  SequenceBehindError,
  ServerTooOldError,
  TransactionRolledBackError,
  WrongEncodingError,
  WrongIsolationLevelError,
} from './errors/database-errors.ts';
export {
  CommandRejectedError,
  DuplicateDefinitionError,
  InvalidCommandError,
  InvalidDefinitionError,
  InvalidEventError,
  InvalidNameError,
  type SchemaIssue,
  toSchemaIssues,
  UnknownCommandError,
  UnknownEventError,
} from './errors/definition-errors.ts';
export type { AnyLeftfoldError } from './errors/any-leftfold-error.ts';
export { type ErrorCode, LeftfoldError } from './errors/leftfold-error.ts';
export {
  ProjectionConstraintViolatedError,
  ProjectionModeMismatchError,
  ProjectionNotInlineError,
  RebuildDroppedError,
  RebuildRefusedError,
  RepairRefusedError,
} from './errors/projection-errors.ts';
export {
  InvalidMessageError,
  MessageMissingError,
  MessageParkedError,
  type MessagePlace,
  MessageRefusedError,
  MessageTimeoutError,
  SourceRewoundError,
  TransportRefusedError,
  TransportUnavailableError,
} from './errors/messaging-errors.ts';
export {
  ProcessDeadlineFailedError,
  ProcessDefinitionChangedError,
  ProcessInstanceNotFoundError,
  type ProcessInstanceRef,
  ProcessOperationRefusedError,
  ProcessTimeoutError,
  ProcessVersionMissingError,
} from './errors/process-errors.ts';
export { NotReadyError } from './errors/readiness-errors.ts';
export {
  ClosedError,
  LogRewoundError,
  type RewoundLog,
  SchemaMismatchError,
  StoreUnavailableError,
} from './errors/store-errors.ts';
export {
  MigrationFailedError,
  ReleaseOutdatedError,
  EventParkedError,
  KeysParkedError,
  SubscriptionFailedError,
  type SubscriptionIdentity,
  SubscriptionMismatchError,
  SubscriptionNotCaughtUpError,
  SubscriptionNotFoundError,
  SubscriptionStalledError,
  SubscriptionTimeoutError,
} from './errors/subscription-errors.ts';
export {
  type AnyEventGroup,
  defineEvents,
  type EmittedEventOf,
  type EventGroup,
  type EventGroupOptions,
  type NewEventOf,
  type RecordedEventOf,
} from './event/define-events.ts';
export type { ParsedPayload, ReadAheadPayload } from './event/event-shapes.ts';
export type { NewEvent, ReadFrom, RecordedEvent } from './event/event.ts';
export type { RetiredEvent } from './event/retired-events.ts';
export { storedTypesOf } from './event/stored-types.ts';
export type { DecidedEventOptions, EventOptions } from './event/event-definition.ts';
export { EventCatalog } from './event/event-catalog.ts';
export type { ReadPayload, StoredPayload, UpcastPayload } from './event/upcast.ts';
export { compareEventSchemas, type EventSchemaChange } from './event-schemas/compare-event-schemas.ts';
export {
  type DescribedEvent,
  type DescribedVersion,
  type EventSchemas,
  eventSchemasOf,
} from './event-schemas/event-schemas.ts';
export { freezeWhole, frozen } from './fold/frozen.ts';
export type { Immutable } from './fold/immutable.ts';
export { InFlight, type InFlightLimits } from './in-flight/in-flight.ts';
export { asStored } from './json/as-stored.ts';
export { copyJson } from './json/copy-json.ts';
export { asStoredData } from './json/storable-json.ts';
export { estimatedJsonSize, estimatedSize } from './json/estimated-size.ts';
export { latestToken, type LogToken, parseLogToken, tokenOf } from './log-token/log-token.ts';
export type { JsonObject, JsonValue } from './event/json.ts';
export type {
  CustomMetadata,
  EventMetadata,
  MetadataSchema,
  MetadataWith,
  RecordedMetadata,
} from './event/metadata.ts';
export { SchemaVersions, schemaVersions, type WrittenVersion } from './event/schema-versions.ts';
export { tagged } from './event/tagged.ts';
export type { TaggedShape, TagValue, TagValues } from './event/tagged-shape.ts';
export {
  assertId,
  assertProjectionName,
  assertSchemaName,
  MAX_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PROJECTION_NAME_LENGTH,
} from './naming/names.ts';
export { uuidv7 } from './naming/uuid-v7.ts';
export { aggregateIdOf, categoryOf, streamIdOf } from './naming/stream-id.ts';
export type { AnyRow, Columns, ColumnType, Row, SqlTypes, TableDefinition } from './projection/columns.ts';
export {
  type AnyHandlerProjection,
  defineProjection,
  type HandlerProjection,
  type OnFailure,
  type ProjectionMode,
  type ReadModel,
  type TableSchemas,
} from './projection/define-projection.ts';
export {
  type AnyTableProjection,
  defineTableProjection,
  type KeyOf,
  type RowOf,
  type TableProjection,
} from './projection/define-table-projection.ts';
export {
  type HandlerResult,
  type HandlerRun,
  type HandlerStatement,
  statementsOf,
} from './projection/handlers.ts';
export type { ProjectedEvent } from './projection/projected-event.ts';
export type { AnyProjection, TablesOf } from './projection/projection.ts';
export {
  type AnyReaction,
  defineReaction,
  type Reaction,
  type ReactionOptions,
} from './reaction/define-reaction.ts';
export type { ReactionStart } from './reaction/reaction-start.ts';
export type {
  ReactionCommandResult,
  ReactionContext,
  ReactionSignal,
} from './reaction/reaction-context.ts';
export {
  type Backoff,
  retryDelayMs,
  type RetryOptions,
  type RetryPolicy,
  toRetryPolicy,
} from './retry/retry-policy.ts';
export type {
  AppendContext,
  AppendLock,
  AppendOptions,
  AppendResult,
  AppendToStreamsResult,
  EventStore,
  StreamToAppend,
} from './store/event-store.ts';
export type {
  AppendCondition,
  DecisionQueries,
  DecisionQuery,
  ConditionQueries,
  ConditionQuery,
  EventQueries,
  EventQuery,
} from './store/query.ts';
export type {
  AbortSignalLike,
  DecisionRead,
  ReadAllOptions,
  ReadForDecisionOptions,
  ReadStreamOptions,
  StoredPlace,
  StreamEvents,
  SubscribeOptions,
  Subscription,
} from './store/reading.ts';
export type { LoadedSnapshot, Snapshot, SnapshotStore, StreamTail } from './store/snapshot-store.ts';
export { traced, type TracingChannelLike } from './tracing/traced.ts';
export type {
  AppendBatchTrace,
  AppendTrace,
  ExecuteTrace,
  ProcessInputIgnoredMessage,
  SubscriptionBatchTrace,
  SubscriptionParkedMessage,
  TracingChannels,
  SubscriptionLeaseMessage,
  SubscriptionStalledMessage,
  SubscriptionStoppedMessage,
} from './tracing/tracing-channels.ts';
export { type AnyProcess, defineProcess, type Process } from './process/define-process.ts';
export type { NotCancelled } from './process/saga-state.ts';
export type { ProcessAggregate, ProcessMessageCommand, ProcessStateOf } from './process/define-process.ts';
export type { ProcessEventData } from './process/process-events.ts';
export type { AcceptedInput, CancelledInput, DeadlineInput, EventInput } from './process/process-inputs.ts';
export type { MessageInput, ProcessInputs, ProcessMessages } from './process/process-inputs.ts';
export type { RecordedInput, RejectedInput } from './process/process-inputs.ts';
export type { ProcessCorrelate, ProcessEvolve, ProcessOptions } from './process/process-options.ts';
export type { ProcessContext, ProcessReact } from './process/process-options.ts';
export type { CancelOutput, CompleteOutput, DeadlineTime, ExecuteOutput } from './process/process-outputs.ts';
export type { ExecuteOutputOptions, FailOutput, ProcessOut } from './process/process-outputs.ts';
export type { ProcessOutput, PublishOutput, ReactResult, ScheduleOutput } from './process/process-outputs.ts';
export { defineSaga } from './process/define-saga.ts';
export { processGraph } from './process/process-graph.ts';
export type { ForwardSagaBuilder, Saga, SagaBuilder, SagaStateOf } from './process/saga-builder.ts';
export type { SagaStepOutline } from './process/saga-builder.ts';
export type { CompensatableStepOptions, PivotStepOptions } from './process/saga-options.ts';
export type {
  RetriableStepOptions,
  SagaAnswers,
  SagaCancellation,
  SagaInput,
  SagaOptions,
} from './process/saga-options.ts';
export type { SagaOut, SagaScope, SagaTypes, StepAnswers, StepResult } from './process/saga-options.ts';
export type { SagaEnd, SagaStepKind } from './process/saga-plan.ts';
export type { SagaAction, SagaPhase, SagaState, SagaStepState } from './process/saga-state.ts';
export type { Progress } from './progress/progress.ts';
