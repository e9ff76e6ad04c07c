import { type ErrorCode, LeftfoldError } from '@leftfold/core';
import { readable } from '@leftfold/core/input';

/** A status that {@link httpStatusOf} returns. */
export type ErrorStatus = 400 | 404 | 409 | 412 | 413 | 422 | 500 | 503;

const statuses: Readonly<Record<ErrorCode, ErrorStatus>> = {
  // The request cannot be carried out, now or later.
  INVALID_ARGUMENT: 400,
  INVALID_COMMAND: 400,
  INVALID_MESSAGE: 400,
  INVALID_NAME: 400,
  // The types of `execute` admit known commands only, so an unknown name came from outside, by `parseCommand`.
  UNKNOWN_COMMAND: 404,
  PROCESS_INSTANCE_NOT_FOUND: 404,
  APPEND_TOO_LARGE: 413,
  COMMAND_ID_REUSED: 422,
  EVENT_ID_REUSED: 422,
  // The aggregate, or another event, is not as the client believed.
  STREAM_VERSION_CONFLICT: 412,
  APPEND_CONDITION_FAILED: 409,
  LOG_REWOUND: 409,
  SOURCE_REWOUND: 409,
  COMMAND_REJECTED: 409,
  PROCESS_OPERATION_REFUSED: 409,
  PROJECTION_CONSTRAINT_VIOLATED: 409,
  // The same request can succeed later.
  CLOSED: 503,
  COMMAND_ABORTED: 503,
  MESSAGE_MISSING: 503,
  MESSAGE_TIMEOUT: 503,
  NOT_READY: 503,
  PROCESS_TIMEOUT: 503,
  STORE_UNAVAILABLE: 503,
  SUBSCRIPTION_TIMEOUT: 503,
  SUBSCRIPTION_NOT_CAUGHT_UP: 503,
  SUBSCRIPTION_STALLED: 503,
  TRANSPORT_UNAVAILABLE: 503,
  // The server has to be changed.
  EVENT_PARKED: 500,
  KEYS_PARKED: 500,
  DATABASE_NOT_CONFIGURED: 500,
  DUPLICATE_DEFINITION: 500,
  FOREIGN_SCHEMA: 500,
  INVALID_DEFINITION: 500,
  INVALID_EVENT: 500,
  LOGIN_REFUSED: 500,
  MESSAGE_PARKED: 500,
  MESSAGE_REFUSED: 500,
  MIGRATION_FAILED: 500,
  MISSING_RIGHTS: 500,
  POSTGRES_BINARIES_MISSING: 500,
  POSTGRES_BINARIES_UNUSABLE: 500,
  POSTGRES_DIRECTORY_LOCKED: 500,
  POSTGRES_DIRECTORY_UNUSABLE: 500,
  POSTGRES_DIRECTORY_VERSION: 500,
  POSTGRES_PORT_IN_USE: 500,
  POSTGRES_START_FAILED: 500,
  POSTGRES_STOPPED: 500,
  PROCESS_DEADLINE_FAILED: 500,
  PROCESS_DEFINITION_CHANGED: 500,
  PROCESS_VERSION_MISSING: 500,
  PROJECTION_MODE_MISMATCH: 500,
  PROJECTION_NOT_INLINE: 500,
  READ_ONLY_DATABASE: 500,
  REBUILD_DROPPED: 500,
  REBUILD_REFUSED: 500,
  REPAIR_REFUSED: 500,
  RELEASE_OUTDATED: 500,
  SCHEMA_MISMATCH: 500,
  SCHEMA_NOT_MIGRATED: 500,
  SEQUENCE_BEHIND: 500,
  SERVER_TOO_OLD: 500,
  SUBSCRIPTION_FAILED: 500,
  SUBSCRIPTION_MISMATCH: 500,
  SUBSCRIPTION_NOT_FOUND: 500,
  TRANSACTION_ROLLED_BACK: 500,
  TRANSPORT_REFUSED: 500,
  UNKNOWN_EVENT: 500,
  WRONG_ENCODING: 500,
  WRONG_ISOLATION_LEVEL: 500,
};

/**
 * The HTTP status of an error that a request failed with: 4xx when the request was at fault or came too late, 503 when
 * the same request can succeed later, and 500 for everything else, an error of another library included.
 *
 * A rejection is a result and no error: its status depends on its reason.
 *
 * @example
 * app.onError((error, c) => c.body(null, httpStatusOf(error)));
 */
export function httpStatusOf(error: unknown): ErrorStatus {
  if (!LeftfoldError.is(error)) return 500;
  const { code } = readable(error) as { readonly code: unknown };
  // Another copy of a package may be newer, and have a code that this one does not.
  return typeof code === 'string' && isCode(code) ? statuses[code] : 500;
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(statuses, code);
}
