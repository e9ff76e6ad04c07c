import { MissingRightsError, StoreUnavailableError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { within } from '../loop/within.ts';
import { endFormerSessions, type FormerSession } from '../sql/former-owners.ts';
import {
  checkLeases,
  leaveRunners,
  type LeaseBoard,
  releaseLeases,
  type RunSubscription,
  type TakenLease,
} from '../sql/leases.ts';
import type { SchemaConnection } from '../sql/schema-connection.ts';
import type { Mismatches } from '../subscription/mismatches.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import {
  keyOf,
  mapKeyOf,
  refKeyOf,
  type SubscriptionKey,
  type SubscriptionRef,
} from '../subscription/subscription-key.ts';
import { HeldUp } from './held-up.ts';
import { LeaseHints } from './lease-hints.ts';
import { LeaseTerm } from './lease-term.ts';
import { LeftAlone } from './left-alone.ts';
import { shareOf } from './shares.ts';

/** Checks in the time that a lease lasts: two of them may fail before it expires. */
const CHECKS_PER_LEASE = 3;

export interface LeaseManagerOptions {
  readonly connection: SchemaConnection;
  /** Distinguishes this process from every other one. */
  readonly owner: string;
  readonly leaseMs: number;
  /** How long a check waits for an answer. */
  readonly answerMs: number;
  readonly subscriptions: readonly Subscription[];
  /** True when the database can never be reached again: the store is closed. */
  readonly isClosed: () => boolean;
  readonly mismatches: Mismatches;
  readonly hints: PostgresEventStore['hints'];
  /** Called for each lease that this process gets. The term is over when its signal aborts. */
  readonly onGranted: (subscription: Subscription, term: LeaseTerm) => void;
  /** Called when the database has answered a check, and not the one before. */
  readonly onAnswer: () => void;
  /** Called when the database could not be reached, and when a subscription is left alone. The check is repeated. */
  readonly onError: (error: unknown, subscription?: SubscriptionRef) => void;
}

/**
 * Holds the leases of one process: renews them, ends the terms whose lease was lost, takes leases that are free, and
 * hands over those that are more than its share.
 *
 * Each check is one statement for all subscriptions together, whether or not there are events, and a second one when
 * there is something to take.
 */
export class LeaseManager {
  readonly #options: LeaseManagerOptions;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  readonly #held = new Map<string, LeaseTerm>();
  readonly #leftAlone: LeftAlone;
  readonly #heldUp: HeldUp;
  readonly #hints: LeaseHints;
  /** What the next check takes, if it is free then. */
  #wanted: readonly SubscriptionKey[] = [];
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #checkAgain = false;
  #started = false;
  #refusing = false;
  #closed = false;
  /** The last check failed. */
  #unanswered = false;

  constructor(options: LeaseManagerOptions) {
    this.#options = options;
    this.#subscriptions = new Map(options.subscriptions.map((one) => [refKeyOf(one.ref), one]));
    this.#hints = new LeaseHints(options.hints, options.owner);
    this.#leftAlone = new LeftAlone(options.mismatches, options.onError);
    this.#heldUp = new HeldUp(options);
  }

  /** Begins to take leases. */
  start(): void {
    this.#started = true;
    this.#hints.hear(() => this.check());
    this.check();
    void this.#tellWhenChecked();
  }

  /** First it takes what is free: the others renew what they hold when they are told, and share it. */
  async #tellWhenChecked(): Promise<void> {
    await this.whenChecked();
    if (!this.#closed) await this.#hints.tell();
  }

  /**
   * Resolves when the check that runs has ended: it changes the rows of all leases. Another one may have begun then: where
   * slices wait for each other, there is always one.
   */
  async whenChecked(): Promise<void> {
    await this.#checking;
  }

  /** Takes no more leases. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Ends a term whose lease another process has, or that was released. */
  drop(term: LeaseTerm): void {
    term.end();
    const mapKey = mapKeyOf(term);
    if (this.#held.get(mapKey) === term) this.#held.delete(mapKey);
  }

  /** Hands a lease over between two batches: another process can take it now. */
  async handOver(term: LeaseTerm): Promise<void> {
    await this.#release(term, 0);
  }

  /**
   * Ends a term before its lease expires. Its batch is rolled back.
   *
   * @param options.avoid leaves the lease to other processes for as long as it lasts. @default false
   */
  async giveUp(term: LeaseTerm, reason: unknown, options: { readonly avoid: boolean }): Promise<void> {
    term.end(reason);
    await this.#release(term, options.avoid ? this.#options.leaseMs : 0);
  }

  async #release(term: LeaseTerm, avoidMs: number): Promise<void> {
    this.drop(term);
    const { connection, owner, isClosed, onError } = this.#options;
    if (isClosed()) return;
    await releaseLeases(connection, owner, [term], avoidMs).catch(onError);
    await this.#hints.tell();
  }

  /** Checks now instead of at the next interval. */
  check(): void {
    if (!this.#started || this.#closed) return;
    if (this.#checking !== undefined) {
      this.#checkAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#checking = this.#checkOnce().finally(() => {
      this.#checking = undefined;
      const again = this.#checkAgain;
      this.#checkAgain = false;
      if (this.#closed || this.#options.isClosed()) return;
      if (again) this.check();
      else this.#timer = setTimeout(() => this.check(), this.#options.leaseMs / CHECKS_PER_LEASE);
    });
  }

  /** Ends all terms and releases their leases. Takes no longer than a lease lasts: they have expired then. */
  async close(): Promise<void> {
    this.refuse();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#hints.close();
    const { leaseMs, onError } = this.#options;
    await within(this.#releaseAll(), leaseMs, () => notReleased(leaseMs)).catch((error: unknown) =>
      onError(error),
    );
  }

  async #releaseAll(): Promise<void> {
    const held = this.#dropHeld();
    await this.#checking;
    const terms = [...held, ...this.#dropHeld()]; // the check may have taken one
    const { connection, owner, isClosed } = this.#options;
    if (!this.#started || isClosed()) return;
    if (terms.length > 0) await releaseLeases(connection, owner, terms);
    await leaveRunners(connection, owner);
    await this.#hints.tell();
  }

  #dropHeld(): readonly LeaseTerm[] {
    const terms = [...this.#held.values()];
    for (const term of terms) this.drop(term);
    return terms;
  }

  async #checkOnce(): Promise<void> {
    const { connection, owner, leaseMs, answerMs, isClosed, onAnswer, onError } = this.#options;
    try {
      await this.#giveUpStalled();
      const held = [...this.#held.values()];
      const take = this.#refusing ? [] : this.#wanted;
      const board = await checkLeases(connection, {
        owner,
        leaseMs,
        answerMs,
        runs: await this.#runs(),
        held,
        take,
      });
      if (this.#unanswered) onAnswer();
      this.#unanswered = false;
      this.#leftAlone.tell(this.#subscriptions.values(), board.slices);
      this.#endLost(held, board);
      this.#share(board);
      await this.#begin(board.taken);
      this.#heldUp.tell(this.#subscriptions, board.slices);
    } catch (error) {
      this.#unanswered = true;
      if (isClosed()) this.refuse();
      else onError(error);
    }
  }

  /** A lease without progress is left to another process. */
  async #giveUpStalled(): Promise<void> {
    for (const term of this.#held.values()) {
      const whyNot = term.whyNotRenewed();
      if (whyNot === undefined) continue;
      this.#options.onError(whyNot, keyOf(term));
      await this.giveUp(term, whyNot, { avoid: true });
    }
  }

  async #runs(): Promise<readonly RunSubscription[]> {
    const { mismatches } = this.#options;
    const runs: RunSubscription[] = [];
    for (const subscription of this.#subscriptions.values()) {
      await mismatches.recheck(subscription);
      const { ref, definition, definitionHash, release } = subscription;
      const able = !this.#refusing && !mismatches.has(subscription);
      runs.push({ ...ref, definitionHash, release, promotes: definition.promote !== undefined, able });
    }
    return runs;
  }

  /** @param held what was asked for: other terms have begun since */
  #endLost(held: readonly LeaseTerm[], { slices }: LeaseBoard): void {
    const found = new Map(slices.map((slice) => [mapKeyOf(slice), slice]));
    for (const term of held) {
      const row = found.get(mapKeyOf(term));
      // One that has expired is still held: no other process has taken it.
      if (row?.epoch !== term.epoch || (row.owner ?? term.owner) !== term.owner) this.drop(term);
    }
  }

  /** What is free is taken by a check that follows at once. */
  #share(board: LeaseBoard): void {
    const { take, leave } = shareOf(this.#options.owner, board);
    for (const slice of leave) this.#held.get(mapKeyOf(slice))?.leave();
    const asked = new Set(this.#wanted.map(mapKeyOf));
    this.#wanted = take;
    // What another process has locked now is asked for again after the interval.
    if (take.some((slice) => !asked.has(mapKeyOf(slice)))) this.#checkAgain = true;
  }

  async #begin(taken: readonly TakenLease[]): Promise<void> {
    if (taken.length === 0) return;
    const { owner, leaseMs } = this.#options;
    const terms = taken.map((lease) => new LeaseTerm(lease, { ...lease, owner, leaseMs }));
    for (const term of terms) this.#held.set(mapKeyOf(term), term);
    await this.#endFormerOwners(terms);
    for (const term of terms) {
      const subscription = this.#subscriptions.get(refKeyOf(term));
      if (subscription !== undefined) this.#options.onGranted(subscription, term);
    }
  }

  /** What they hold open, while they are paused for example, would make the first batches of the terms wait. */
  async #endFormerOwners(terms: readonly LeaseTerm[]): Promise<void> {
    const { connection, onError } = this.#options;
    try {
      for (const session of await endFormerSessions(connection, terms)) {
        const term = terms[session.number - 1];
        if (!session.ended && term !== undefined)
          onError(mayNotEnd(connection.schema, term, session), keyOf(term));
      }
    } catch (error) {
      onError(error); // the server ends them later
    }
  }
}

/** What `pg_terminate_backend` needs. Without the right, the server ends the session after `leaseMs`. */
function mayNotEnd(schema: string, { name }: SubscriptionKey, { pid, role }: FormerSession): Error {
  return new MissingRightsError(schema, {
    message: `a former owner of subscription "${name}" has left a transaction open (backend ${pid}), and this role may not end it, so its locks stay until the server ends it; run the subscription with one role in all processes, or grant "${role}" or pg_signal_backend to this one`,
  });
}

function notReleased(leaseMs: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `the database gave no answer to the release of the leases within leaseMs (${leaseMs}); they have expired by now`,
  );
}
