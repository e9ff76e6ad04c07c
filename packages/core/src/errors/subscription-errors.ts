import { LeftfoldError } from './leftfold-error.ts';
import { thrownText } from './thrown.ts';

/** The durable subscription that an error is about. */
export interface SubscriptionIdentity {
  /** One word for messages: what handles the events, such as "projection". */
  readonly kind: string;
  readonly name: string;
  /** Undefined where only a name was given. */
  readonly version?: number | undefined;
  /** @default 0 */
  readonly slice?: number | undefined;
}

/** What the errors about durable subscriptions have in common. */
abstract class SubscriptionError extends LeftfoldError {
  /** One word: what handles the events, such as "projection". */
  readonly kind: string;
  /** Name of the subscription: for a projection, the projection's name. */
  readonly subscription: string;
  /** Undefined where only a name was given. */
  readonly version: number | undefined;
  readonly slice: number;

  constructor(identity: SubscriptionIdentity, problem: string, options?: ErrorOptions) {
    super(`${describe(identity)} ${problem}`, options);
    this.kind = identity.kind;
    this.subscription = identity.name;
    this.version = identity.version;
    this.slice = identity.slice ?? 0;
  }
}

/** The first version and the first slice are left out: most subscriptions have no other. */
function describe({ kind, name, version = 1, slice = 0 }: SubscriptionIdentity): string {
  return `${kind} "${name}"${version === 1 ? '' : ` version ${version}`}${slice === 0 ? '' : ` slice ${slice}`}`;
}

/** What a durable subscription writes to could not be created. Its runner does not start. */
export class MigrationFailedError extends LeftfoldError {
  readonly code = 'MIGRATION_FAILED';
  readonly retryable = false;
  /** What failed, such as `projection "balances"`. */
  readonly step: string;

  constructor(step: string, options?: ErrorOptions) {
    super(
      `the migration of ${step} failed: ${reasonOf(options?.cause)}; fix the cause, then call migrate() again`,
      options,
    );
    this.step = step;
  }
}

/** A durable subscription stopped at an event that its handler could not process. No later event was processed. */
export class SubscriptionFailedError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_FAILED';
  readonly retryable = false;
  /** The event's position; undefined when the failure has no single event. */
  readonly position: number | undefined;
  readonly eventType: string | undefined;

  constructor(
    identity: SubscriptionIdentity,
    event: { readonly position: number; readonly type: string } | undefined,
    options?: ErrorOptions,
  ) {
    const at = event === undefined ? '' : ` at event "${event.type}", position ${event.position}`;
    super(
      identity,
      `stopped${at}: ${reasonOf(options?.cause)}; fix the cause, then deploy it or ${remedyOf(identity)}`,
      options,
    );
    this.position = event?.position;
    this.eventType = event?.type;
  }
}

/** Copies of a projection's tables are not resumed with the projection. */
function remedyOf({ kind }: SubscriptionIdentity): string {
  if (kind === 'rebuild of projection') return 'call resumeRebuild()';
  return kind === 'replay of projection' ? 'begin again' : 'call resume()';
}

function shortened(key: string): string {
  return key.length <= 100 ? key : `${key.slice(0, 100)}…`;
}

function reasonOf(cause: unknown): string {
  return cause === undefined ? 'unknown cause' : thrownText(cause);
}

/**
 * An event, and all later ones of its key, are set aside until they are resumed or given up. An incident; a wait for an
 * event that is set aside fails with it.
 */
export class EventParkedError extends SubscriptionError {
  readonly code = 'EVENT_PARKED';
  readonly retryable = false;
  readonly position: number;
  /** Undefined where only the position is known, as in a wait. */
  readonly eventType: string | undefined;
  readonly key: string | undefined;

  constructor(
    identity: SubscriptionIdentity,
    at: {
      readonly position: number;
      readonly type?: string | undefined;
      readonly key?: string | undefined;
      /** How often the event was tried. */
      readonly attempts?: number | undefined;
    },
    options?: ErrorOptions,
  ) {
    const { position, type, key, attempts } = at;
    const event = type === undefined ? 'the event' : `event "${type}"`;
    const ofKey = key === undefined ? 'its key' : `key "${shortened(key)}"`;
    const problem =
      attempts === undefined
        ? `has set aside ${event} at position ${position}`
        : `parked ${ofKey}: ${event} at position ${position} failed ${attempts} ${attempts === 1 ? 'time' : 'times'}: ${reasonOf(options?.cause)}`;
    super(identity, `${problem}; fix the cause, then resume the key, or give the event up`, options);
    this.position = position;
    this.eventType = type;
    this.key = key;
  }
}

/** A read with `ifParked: 'fail'` found keys of the projection whose events are set aside: their rows are behind the others. */
export class KeysParkedError extends SubscriptionError {
  readonly code = 'KEYS_PARKED';
  readonly retryable = false;
  /** The number of keys, with those that are being resumed. */
  readonly parkedKeys: number;

  constructor(identity: SubscriptionIdentity, parkedKeys: number) {
    super(
      identity,
      `has set aside the events of ${parkedKeys} ${parkedKeys === 1 ? 'key, whose rows are' : 'keys, whose rows are'} behind the others; fix the cause, then resume them with parked.resume(), or give the events up with parked.giveUp()`,
    );
    this.parkedKeys = parkedKeys;
  }
}

/** A durable subscription did not reach a position within the time given. It may still reach it. */
export class SubscriptionTimeoutError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_TIMEOUT';
  readonly retryable = true;
  /** The position that was waited for. */
  readonly wanted: number;
  /** The position that was reached; undefined when the database did not say it within the time. */
  readonly reached: number | undefined;

  /** @param options.cause why it cannot advance, or why its position is not known, where that is known */
  constructor(
    identity: SubscriptionIdentity,
    wanted: number,
    reached: number | undefined,
    timeoutMs: number,
    options?: ErrorOptions,
  ) {
    const advice =
      options?.cause === undefined
        ? `; ${checkOf(wanted, reached)}, or wait longer`
        : `: ${reasonOf(options.cause)}`;
    super(
      identity,
      `${foundAt(wanted, reached)}, after ${timeoutMs} ms${advice}`,
      options?.cause === undefined ? undefined : options,
    );
    this.wanted = wanted;
    this.reached = reached;
  }
}

function foundAt(wanted: number, reached: number | undefined): string {
  if (reached === undefined)
    return `has a position that could not be read, so that it is not known to be at ${wanted}`;
  if (reached < wanted) return `is at position ${reached}, not yet at ${wanted}`;
  return `is at position ${reached}, but does not have what is waited for at ${wanted}`;
}

function checkOf(wanted: number, reached: number | undefined): string {
  if (reached === undefined) return 'check that the database answers';
  if (reached < wanted) return 'check that a process runs it';
  return 'the event is set aside until it is tried again, or appends do not process it yet: see its status';
}

/**
 * A durable subscription does not advance, though events wait: a batch did not end in time, or each attempt fails. What
 * was begun is rolled back, and nothing is lost.
 */
export class SubscriptionStalledError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_STALLED';
  readonly retryable = true;
  /** The position of the checkpoint, from which the subscription did not advance. */
  readonly position: number;

  /** @param why and what happens next */
  constructor(identity: SubscriptionIdentity, position: number, why: string, options?: ErrorOptions) {
    super(identity, `did not advance from position ${position}: ${why}`, options);
    this.position = position;
  }
}

/** No durable subscription of this name and version was given to this process, or it has no checkpoint in this database. */
export class SubscriptionNotFoundError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_NOT_FOUND';
  readonly retryable = false;

  /** @param given those that this process has; undefined when it has this one, whose checkpoint is missing */
  constructor(
    identity: SubscriptionIdentity,
    given?: readonly Pick<SubscriptionIdentity, 'name' | 'version'>[],
  ) {
    super(
      identity,
      given === undefined
        ? 'has no checkpoint in this database; call migrate() once'
        : `is unknown here: ${whatIsKnown(identity, given)}`,
    );
  }
}

function whatIsKnown(
  { name, version = 1 }: SubscriptionIdentity,
  given: readonly Pick<SubscriptionIdentity, 'name' | 'version'>[],
): string {
  if (given.length === 0) return 'this process has none; pass its definition';
  const versions = given.filter((one) => one.name === name).map((one) => one.version ?? 1);
  if (versions.length > 0)
    return `this process has version ${versions.join(', ')} of it, not version ${version}; ask a process of the release that has version ${version}, or pass that definition as well`;
  const names = [...new Set(given.map((one) => `"${one.name}"`))];
  return `this process has ${listed(names, 10)}; correct the name, or pass its definition`;
}

function listed(all: readonly string[], most: number, separator = ', '): string {
  const rest = all.length - most;
  return all.slice(0, most).join(separator) + (rest > 0 ? `${separator}and ${rest} more` : '');
}

/** A durable subscription is defined in another way in this database. This process leaves it alone, others go on. */
export class SubscriptionMismatchError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_MISMATCH';
  readonly retryable = false;
  /** One line for each difference; the message has the first five. */
  readonly differences: readonly string[];

  constructor(identity: SubscriptionIdentity, differences: readonly string[]) {
    const fix =
      identity.kind === 'relay'
        ? 'raise its version: the new one goes on where the old one is, and nothing is published again'
        : 'raise its version to build it beside the old one, or reset() it to build it anew';
    super(identity, `is not as this database has it: ${listed(differences, 5, '; ')}; ${fix}`);
    this.differences = differences;
  }
}

/** A version of a durable subscription has never reached the end of the log: what it has written is incomplete. */
export class SubscriptionNotCaughtUpError extends SubscriptionError {
  readonly code = 'SUBSCRIPTION_NOT_CAUGHT_UP';
  readonly retryable = true;
  /** The position that was reached. */
  readonly reached: number;

  constructor(identity: SubscriptionIdentity, reached: number) {
    super(
      identity,
      `has not caught up with the log since it began or was reset, it is at position ${reached}; check that a process runs it, or wait longer`,
    );
    this.reached = reached;
  }
}

/**
 * This process is older than an event of the log, and leaves a durable subscription to a newer release. An incident; a
 * wait without a timeout fails with it, and one with a timeout has it as the cause when the time is over.
 */
export class ReleaseOutdatedError extends SubscriptionError {
  readonly code = 'RELEASE_OUTDATED';
  readonly retryable = false;

  constructor(identity: SubscriptionIdentity, options?: ErrorOptions) {
    super(
      identity,
      `is left to a newer release, so finish the deployment of that one: ${reasonOf(options?.cause)}`,
      options,
    );
  }
}
