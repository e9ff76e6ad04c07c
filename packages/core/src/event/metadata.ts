import type { JsonValue } from './json.ts';

/**
 * Information about the origin of an event. All fields are optional in a direct append. Executing a command sets
 * `commandId`, `correlationId` and `causationId`.
 */
export interface EventMetadata {
  /** Id of the command that emitted the event. */
  readonly commandId?: string | undefined;
  /** The same id for all events and commands that follow from one first cause. */
  readonly correlationId?: string | undefined;
  /** Id of the event or command that directly caused this event. */
  readonly causationId?: string | undefined;
  /** The user or service that sent the command. */
  readonly actor?: string | undefined;
  /** W3C Trace Context, `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined;
  /** Fields of the application. */
  readonly [field: string]: JsonValue | undefined;
}
