import type {
  AppendConditionFailedError,
  AppendTooLargeError,
  CommandAbortedError,
  CommandIdReusedError,
  EventIdReusedError,
  StreamVersionConflictError,
} from './append-errors.ts';
import type { InvalidArgumentError } from './argument-errors.ts';
import type {
  DatabaseNotConfiguredError,
  LoginRefusedError,
  ForeignSchemaError,
  MissingRightsError,
  ReadOnlyDatabaseError,
  SchemaNotMigratedError,
  SequenceBehindError,
  ServerTooOldError,
  TransactionRolledBackError,
  WrongEncodingError,
  WrongIsolationLevelError,
} from './database-errors.ts';
import type {
  CommandRejectedError,
  DuplicateDefinitionError,
  InvalidCommandError,
  InvalidDefinitionError,
  InvalidEventError,
  InvalidNameError,
  UnknownCommandError,
  UnknownEventError,
} from './definition-errors.ts';
import type { AnyEmbeddedError } from './embedded-errors.ts';
import type {
  InvalidMessageError,
  MessageMissingError,
  MessageParkedError,
  MessageRefusedError,
  MessageTimeoutError,
  SourceRewoundError,
  TransportRefusedError,
  TransportUnavailableError,
} from './messaging-errors.ts';
import type {
  ProcessDeadlineFailedError,
  ProcessDefinitionChangedError,
  ProcessInstanceNotFoundError,
  ProcessOperationRefusedError,
  ProcessTimeoutError,
  ProcessVersionMissingError,
} from './process-errors.ts';
import type { NotReadyError } from './readiness-errors.ts';
import type {
  ProjectionConstraintViolatedError,
  ProjectionModeMismatchError,
  ProjectionNotInlineError,
  RebuildDroppedError,
  RebuildRefusedError,
  RepairRefusedError,
} from './projection-errors.ts';
import type {
  ClosedError,
  LogRewoundError,
  SchemaMismatchError,
  StoreUnavailableError,
} from './store-errors.ts';
import type {
  EventParkedError,
  KeysParkedError,
  MigrationFailedError,
  ReleaseOutdatedError,
  SubscriptionFailedError,
  SubscriptionMismatchError,
  SubscriptionNotCaughtUpError,
  SubscriptionNotFoundError,
  SubscriptionStalledError,
  SubscriptionTimeoutError,
} from './subscription-errors.ts';

/** Any error of this framework. Narrow it by `code`: each code belongs to one class. */
export type AnyLeftfoldError =
  | AnyEmbeddedError
  | AppendConditionFailedError
  | AppendTooLargeError
  | ClosedError
  | CommandAbortedError
  | CommandIdReusedError
  | CommandRejectedError
  | DatabaseNotConfiguredError
  | DuplicateDefinitionError
  | EventIdReusedError
  | EventParkedError
  | InvalidArgumentError
  | InvalidCommandError
  | InvalidDefinitionError
  | InvalidEventError
  | InvalidMessageError
  | InvalidNameError
  | KeysParkedError
  | LoginRefusedError
  | ForeignSchemaError
  | LogRewoundError
  | MessageMissingError
  | MessageParkedError
  | MessageRefusedError
  | MessageTimeoutError
  | MigrationFailedError
  | MissingRightsError
  | NotReadyError
  | ProcessDeadlineFailedError
  | ProcessDefinitionChangedError
  | ProcessInstanceNotFoundError
  | ProcessOperationRefusedError
  | ProcessTimeoutError
  | ProcessVersionMissingError
  | ProjectionConstraintViolatedError
  | ProjectionModeMismatchError
  | ProjectionNotInlineError
  | ReadOnlyDatabaseError
  | RebuildDroppedError
  | RebuildRefusedError
  | RepairRefusedError
  | ReleaseOutdatedError
  | SchemaMismatchError
  | SchemaNotMigratedError
  | SequenceBehindError
  | ServerTooOldError
  | SourceRewoundError
  | StoreUnavailableError
  | StreamVersionConflictError
  | SubscriptionFailedError
  | SubscriptionMismatchError
  | SubscriptionNotCaughtUpError
  | SubscriptionNotFoundError
  | SubscriptionStalledError
  | SubscriptionTimeoutError
  | TransactionRolledBackError
  | TransportRefusedError
  | TransportUnavailableError
  | UnknownCommandError
  | UnknownEventError
  | WrongEncodingError
  | WrongIsolationLevelError;
