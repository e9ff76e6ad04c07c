import type { JsonValue } from './json.ts';

/**
 * What is known about how an event came to be. All of it is optional for a direct append; commands fill in
 * `commandId`, `correlationId` and `causationId` by themselves.
 */
export interface EventMetadata {
  /** The command whose decision this event is. */
  readonly commandId?: string | undefined;
  /** One id for everything that follows from one first cause. */
  readonly correlationId?: string | undefined;
  /** The id of the event or command that directly led to this one. */
  readonly causationId?: string | undefined;
  /** Who asked: a user, a service. */
  readonly actor?: string | undefined;
  /** W3C Trace Context, `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined;
  /** The application's own fields. */
  readonly [field: string]: JsonValue | undefined;
}
