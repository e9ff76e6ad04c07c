import { LeftfoldError } from './leftfold-error.ts';
import { shownId, shownName } from './shown.ts';

/** What a writer believed about a stream before it appended: a version, or a statement about existence. */
export type ExpectedVersion = number | 'any' | 'no-stream' | 'stream-exists';

/** What `execute` did before it threw the conflict of its last attempt. */
export interface ConflictAttempts {
  readonly attempts: number;
  /** From the call to the last conflict, in milliseconds. */
  readonly elapsedMs: number;
  /** What most of the conflicts were about. */
  readonly contended: {
    /** `type`: of a condition without tags. */
    readonly kind: 'stream' | 'tag' | 'type';
    /** The id of the stream, the tag, or the type of event. */
    readonly name: string;
    /** How many of the attempts met new events of it. */
    readonly conflicts: number;
  };
}

interface ConflictOptions extends ErrorOptions {
  readonly tried?: ConflictAttempts | undefined;
}

function adviceOf(tried: ConflictAttempts | undefined, advice: string): string {
  if (tried === undefined) return advice;
  const { attempts, elapsedMs, contended } = tried;
  const [all, each] =
    attempts === 1 ? ['1 attempt', 'which'] : [`${attempts} attempts`, `${contended.conflicts} of which`];
  return `${all} in ${Math.round(elapsedMs)} ms were made, ${each} met new events of ${contended.kind} ${shownId(contended.name)}; execute the command again when fewer writers change it, or raise retry.attempts`;
}

/** The stream moved between the read and the append. Read again, decide again. */
export class StreamVersionConflictError extends LeftfoldError {
  readonly code = 'STREAM_VERSION_CONFLICT';
  readonly retryable = true;
  readonly streamId: string;
  readonly expectedVersion: ExpectedVersion;
  /** The version the store found; 0 for a stream without events. */
  readonly actual: number;
  /** Given by `execute`, after its last attempt. */
  readonly tried: ConflictAttempts | undefined;

  constructor(streamId: string, expected: ExpectedVersion, actual: number, options?: ConflictOptions) {
    const advice = adviceOf(options?.tried, 'read it again and decide again');
    super(`stream ${shownId(streamId)} is at version ${actual}, expected ${expected}; ${advice}`, options);
    this.tried = options?.tried;
    this.streamId = streamId;
    this.expectedVersion = expected;
    this.actual = actual;
  }
}

/** An event matches a query of the append's condition. Read again with `readForDecision` and decide again. */
export class AppendConditionFailedError extends LeftfoldError {
  readonly code = 'APPEND_CONDITION_FAILED';
  readonly retryable = true;
  /** Position of the newest event that matches: what to decide on reaches at least that far. */
  readonly position: number;
  /** Type of that event, as it is stored. */
  readonly type: string;
  /** Stream of that event. */
  readonly streamId: string;
  /** The queries that it matches: their places in `failIfMatch`, from 0. */
  readonly queries: readonly number[];
  /** The tags that these queries ask for; empty for queries without tags. */
  readonly tags: readonly string[];
  /** Of a decision: the roles whose folds the event counts in. Empty for an append that gave its condition itself. */
  readonly roles: readonly string[];
  /** The position after which there should be none. */
  readonly after: number;
  /** Given by `execute`, after its last attempt. */
  readonly tried: ConflictAttempts | undefined;

  constructor(
    {
      position,
      type,
      streamId,
    }: { readonly position: number; readonly type: string; readonly streamId: string },
    {
      queries,
      after,
      tags = [],
      roles = [],
    }: {
      readonly queries: readonly number[];
      readonly after: number;
      readonly tags?: readonly string[];
      readonly roles?: readonly string[];
    },
    options?: ConflictOptions,
  ) {
    const event = `event ${shownName(type)} of stream ${shownId(streamId)} at position ${position} (after ${after})`;
    super(
      roles.length === 0
        ? `append condition failed: ${event} matches ${queries.map((index) => `query ${index}`).join(' and ')} of failIfMatch; ${adviceOf(options?.tried, 'read again with readForDecision and decide again')}`
        : `append condition failed: ${event} counts in what ${roles.map((role) => `role ${shownName(role)}`).join(' and ')} reads; ${adviceOf(options?.tried, 'decide again')}`,
      options,
    );
    this.position = position;
    this.type = type;
    this.streamId = streamId;
    this.tried = options?.tried;
    this.queries = queries;
    this.tags = tags;
    this.roles = roles;
    this.after = after;
  }
}

/** An event id is already in the log, for another event or at another place. Nothing was appended. */
export class EventIdReusedError extends LeftfoldError {
  readonly code = 'EVENT_ID_REUSED';
  readonly retryable = false;
  readonly eventId: string;

  constructor(eventId: string, options?: ErrorOptions) {
    super(
      `event id ${shownId(eventId)} is already recorded for another event; give the new event another id`,
      options,
    );
    this.eventId = eventId;
  }
}

/**
 * A command id was used before: by another command, for another target, with another input, or in the id that an event was
 * given. Nothing was appended.
 */
export class CommandIdReusedError extends LeftfoldError {
  readonly code = 'COMMAND_ID_REUSED';
  readonly retryable = false;
  readonly commandId: string;

  constructor(commandId: string, options?: ErrorOptions) {
    super(
      `command id ${shownId(commandId)} was used before by another command, for another target, with another input, or in the id of an event; give the new command another id`,
      options,
    );
    this.commandId = commandId;
  }
}

/** The signal that `execute` was given has aborted before the command ended. */
export class CommandAbortedError extends LeftfoldError {
  readonly code = 'COMMAND_ABORTED';
  readonly retryable = true;
  readonly commandId: string;
  /** `unknown`: its append was sent, and may be made. Otherwise nothing was appended, and nothing will be. */
  readonly outcome: 'not-appended' | 'unknown';

  constructor(commandId: string, outcome: 'not-appended' | 'unknown', options?: ErrorOptions) {
    super(
      outcome === 'unknown'
        ? `command ${shownId(commandId)} was aborted after its append was sent, so that it is unknown whether it was executed; execute it again with this command id`
        : `command ${shownId(commandId)} was aborted before its append was sent: nothing was appended; execute it again if it is still wanted`,
      options,
    );
    this.commandId = commandId;
    this.outcome = outcome;
  }
}

/** A payload, or a whole append, is beyond the store's limit. Nothing was appended. */
export class AppendTooLargeError extends LeftfoldError {
  readonly code = 'APPEND_TOO_LARGE';
  readonly retryable = false;
  readonly streamId: string;
  /** What was measured, in `unit`. */
  readonly actual: number;
  readonly limit: number;

  /** @param options.fix @default split the append, or store large content elsewhere */
  constructor(
    streamId: string,
    what: string,
    actual: number,
    limit: number,
    options: ErrorOptions & { readonly fix?: string } = {},
  ) {
    const { fix = 'split it, or keep large content elsewhere and its address in the event', ...cause } =
      options;
    super(`${what} for stream ${shownId(streamId)} is ${actual}, the limit is ${limit}; ${fix}`, cause);
    this.streamId = streamId;
    this.actual = actual;
    this.limit = limit;
  }
}
