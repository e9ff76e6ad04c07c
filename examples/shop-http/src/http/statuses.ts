import type { CommandOf, CommandReason, ErrorCode } from '@leftfold/core';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { order } from '../domain/order.ts';

/** The status of each error. A code without a row does not compile. */
const errorStatuses = {
  // The request cannot be carried out, now or later.
  INVALID_ARGUMENT: 400,
  INVALID_COMMAND: 400,
  INVALID_NAME: 400,
  APPEND_TOO_LARGE: 413,
  COMMAND_ID_REUSED: 422,
  EVENT_ID_REUSED: 422,
  // The order, or another event, is not as the client believed.
  STREAM_VERSION_CONFLICT: 412,
  APPEND_CONDITION_FAILED: 409,
  LOG_REWOUND: 409,
  COMMAND_REJECTED: 409,
  PROJECTION_CONSTRAINT_VIOLATED: 409,
  // The same request can succeed later.
  CLOSED: 503,
  STORE_UNAVAILABLE: 503,
  SUBSCRIPTION_TIMEOUT: 503,
  SUBSCRIPTION_NOT_CAUGHT_UP: 503,
  SUBSCRIPTION_STALLED: 503,
  // The server has to be changed.
  DATABASE_NOT_CONFIGURED: 500,
  DUPLICATE_DEFINITION: 500,
  INVALID_DEFINITION: 500,
  INVALID_EVENT: 500,
  LOGIN_REFUSED: 500,
  FOREIGN_SCHEMA: 500,
  MISSING_RIGHTS: 500,
  PROJECTION_MODE_MISMATCH: 500,
  PROJECTION_NOT_INLINE: 500,
  READ_ONLY_DATABASE: 500,
  RELEASE_OUTDATED: 500,
  SCHEMA_MISMATCH: 500,
  SCHEMA_NOT_MIGRATED: 500,
  SERVER_TOO_OLD: 500,
  SUBSCRIPTION_FAILED: 500,
  SUBSCRIPTION_MISMATCH: 500,
  SUBSCRIPTION_NOT_FOUND: 500,
  TRANSACTION_ROLLED_BACK: 500,
  UNKNOWN_COMMAND: 500,
  UNKNOWN_EVENT: 500,
  WRONG_ENCODING: 500,
  WRONG_ISOLATION_LEVEL: 500,
} satisfies Record<ErrorCode, ContentfulStatusCode>;

/** @param code also one that is not in the table: the embedded server has codes of its own */
export function statusOfError(code: string): ContentfulStatusCode {
  return (errorStatuses as Readonly<Record<string, ContentfulStatusCode>>)[code] ?? 500;
}

/** The status of each rejection: 409 if the order is in the wrong state, 422 if it is incomplete. */
const rejectionStatuses = {
  'order-exists': 409,
  'order-not-open': 409,
  'order-empty': 422,
} satisfies Record<CommandReason<CommandOf<typeof order>>, ContentfulStatusCode>;

/** @param reason also one that middleware gives, which is not in the table */
export function statusOfRejection(reason: string): ContentfulStatusCode {
  return (rejectionStatuses as Readonly<Record<string, ContentfulStatusCode>>)[reason] ?? 409;
}
