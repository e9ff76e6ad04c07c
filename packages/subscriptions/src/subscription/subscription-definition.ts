import {
  assertId,
  InvalidDefinitionError,
  type OnFailure,
  type ReactionStart,
  type RecordedEvent,
  type SubscriptionIdentity,
} from '@leftfold/core';
import { assertOneOf, assertSubscriptionName, assertWhole, sourceOf } from '@leftfold/core/input';
import type { Transaction } from 'kysely';
import type { SubscriptionHandler } from '../handler/subscription-handler.ts';
import type { LeaseTerm } from '../lease/lease-term.ts';
import type { ParkingLedger } from '../parking/parking-ledger.ts';
import { type DeclaredDefinition, hashOf } from './definition-hash.ts';
import type { SubscriptionRef } from './subscription-key.ts';

/**
 * The outcome of an attempt to make a subscription inline. `inline`: appends process its events from now on.
 * `later`: try again, after a growing delay. `fenced`: another process has the lease.
 */
export type PromotionResult = 'inline' | 'later' | 'fenced';

/** What a handler of this package may use beside the term. */
export interface HandlerRun {
  /** Aborts when the runner stops or the term is over. */
  readonly signal: AbortSignal;
  readonly parking: () => ParkingLedger;
}

/** A durable subscription: which events it reads, and what processes them. */
export interface SubscriptionDefinition extends SubscriptionRef {
  /** One word for messages: what processes the events, such as "projection". @default 'subscription' */
  readonly kind?: string | undefined;
  /** The event types that the subscription reads. Others are skipped, and the checkpoint moves past them. */
  readonly eventTypes: readonly string[];
  /**
   * How many slices the events are divided into, by their keys: at most 1024. Each has a checkpoint and a lease of its
   * own, so that as many processes can work at the same time. Events of one key are in one slice, in order. The process
   * that started last decides the number; what is processed is not processed again when it changes.
   *
   * @default 1
   */
  readonly slices?: number | undefined;
  /**
   * What else is declared and decides what the handler writes, such as the columns of its tables. Stored with the
   * version: a process with another definition of the same version leaves the subscription alone.
   *
   * @default nothing
   */
  readonly declared?: DeclaredDefinition | undefined;
  /**
   * Source text of the handler's functions. A subscription that stopped is tried again by a process with another text.
   *
   * @default the text of the definition's functions
   */
  readonly code?: readonly string[] | undefined;

  /**
   * The keys whose order an event belongs to: the events of one key are processed in order. A handler that returns
   * several has to use {@link SubscriptionPage.includes}. Slices are divided by them, and parked events are stored under
   * them: another function needs another version.
   *
   * @default the id of the event's stream
   */
  readonly keysOf?: ((event: RecordedEvent) => readonly string[]) | undefined;
  /**
   * What happens at an event that failed as often as `retry.attempts` says. `stop`: the subscription stops. `park`: the
   * event and all later ones of its keys are set aside, in order, and the others go on.
   *
   * An event that cannot be read, or whose keys cannot be found out, stops the subscription in any case.
   *
   * @default 'stop'
   */
  readonly onFailure?: OnFailure | undefined;
  /**
   * Where the first version begins. A further version continues where the newest older one is, and ends it: the events of
   * one are not processed by the other. @default every version begins at the beginning of the log
   */
  readonly start?: ReactionStart | undefined;
  /**
   * True: its rows are not created by a migration, but when something else asks for them. Until then it is `missing`, and
   * that is no error. The number of slices is that of its rows. @default false
   */
  readonly onDemand?: boolean | undefined;
  /** Fewest events of a batch, while there are as many. @default 1 */
  readonly leastBatch?: number | undefined;
  /** Parked keys whose events the handler takes in one page. @default 1 */
  readonly keysAtOnce?: number | undefined;

  /**
   * Creates what the handler writes to. Part of each migration, unless the database has another definition.
   *
   * @throws SubscriptionMismatchError when it exists and is not as defined: this process then leaves the subscription
   * alone until it is reset. Any other error makes the migration fail with MigrationFailedError
   */
  prepare?(): Promise<void>;

  /**
   * Called each time this process gets a lease: what a handler keeps in memory is valid during one term only. When it
   * fails a few times, the lease is left to another process.
   */
  createHandler(term: LeaseTerm, run: HandlerRun): SubscriptionHandler | Promise<SubscriptionHandler>;

  /**
   * Runs beside the batches of a term, for each of its slices. Called again, after a delay, when it throws: the error is
   * an incident. Does not keep the term from ending.
   *
   * @param signal aborts when no batch is begun any more
   * @returns true to end the term: another one begins where the checkpoint is then
   */
  beside?(term: LeaseTerm, signal: AbortSignal): Promise<boolean>;

  /**
   * Given for a subscription that is to become inline: processed by each append in its own transaction. Called when the
   * subscription has caught up, until it returns `inline`.
   *
   * @param position where the checkpoint is
   */
  promote?(term: LeaseTerm, position: number): Promise<PromotionResult>;

  /** Deletes what the handler has written. Runs in the transaction of a reset. */
  clear?(tx: Transaction<unknown>): Promise<void>;

  /**
   * Keeps appends from processing the subscription's events until the transaction ends. Runs first when a subscription
   * that is inline is reset. A lock timeout in it makes the reset try again.
   */
  lockAppends?(tx: Transaction<unknown>): Promise<void>;
}

/** A definition with its defaults filled in. */
export interface Subscription {
  readonly ref: SubscriptionRef;
  /** Into how many slices this process wants to divide it. */
  readonly slices: number;
  readonly kind: string;
  readonly definition: SubscriptionDefinition;
  readonly declared: DeclaredDefinition;
  readonly definitionHash: string;
  readonly start: ReactionStart | undefined;
  /** Identifies the code of this process. */
  readonly release: string;
}

const MAX_INTEGER = 2 ** 31 - 1;
const MAX_SLICES = 1_024;

/**
 * @param release identifies the code of this process. @default a hash of the definition and its functions
 * @throws InvalidNameError when the name is empty, too long, or has "+" and is not that of a copy or a replay
 * @throws InvalidArgumentError when the version or the number of slices is no whole number from 1
 * @throws InvalidDefinitionError when a subscription that becomes inline parks events, or has slices
 */
export function toSubscription(definition: SubscriptionDefinition, release?: string): Subscription {
  const { kind = 'subscription', name, version, slices = 1 } = definition;
  // Those on demand are the framework's own copies and replays.
  if (definition.onDemand === true) assertId(`${kind} name`, name);
  else assertSubscriptionName(`${kind} name`, name);
  assertWhole(`version of ${kind} "${name}"`, version, { least: 1, most: MAX_INTEGER });
  assertWhole(`slices of ${kind} "${name}"`, slices, { least: 1, most: MAX_SLICES });
  assertOneOf(`onFailure of ${kind} "${name}"`, definition.onFailure, ['stop', 'park']);
  if (definition.onFailure === 'park' && definition.promote !== undefined)
    throw new InvalidDefinitionError(
      `${kind} "${name}" is inline and cannot park events: an append fails at an event that cannot be applied; leave out onFailure, or the mode`,
    );
  if (slices > 1 && definition.promote !== undefined)
    throw new InvalidDefinitionError(
      `${kind} "${name}" is inline and cannot have slices: each append applies its own events; leave out slices, or the mode`,
    );
  const { code = functionTexts(definition) } = definition;
  const declared = declaredDefinition(definition);
  return {
    ref: { name, version },
    slices,
    kind,
    definition,
    declared,
    definitionHash: hashOf(declared),
    start: definition.start,
    release: release ?? hashOf([declared, ...code]),
  };
}

function functionTexts(definition: SubscriptionDefinition): readonly string[] {
  return Object.values(definition)
    .filter((member) => typeof member === 'function')
    .map(sourceOf);
}

/** What is stored of a definition, and compared with that of other processes. */
export function declaredDefinition({
  eventTypes,
  declared,
}: Pick<SubscriptionDefinition, 'eventTypes' | 'declared'>): DeclaredDefinition {
  return { eventTypes: eventTypes.toSorted(), ...declared };
}

/** What errors name. */
export function identityOf({ kind, ref }: Subscription, slice?: number): SubscriptionIdentity {
  return { kind, ...ref, slice };
}
