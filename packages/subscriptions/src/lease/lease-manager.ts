import { MissingRightsError, ProjectionNotInlineError, StoreUnavailableError } from '@leftfold/core';
import { within } from '../loop/within.ts';
import { endFormerSessions, type FormerSession } from '../sql/former-owners.ts';
import { acquireLease, releaseLeases, renewLeases } from '../sql/leases.ts';
import { type Checkpoint, type Demotion, isHeld } from '../sql/row.ts';
import type { SchemaConnection } from '../sql/schema-connection.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import type { Mismatches } from '../subscription/mismatches.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { mapKeyOf, type SubscriptionKey } from '../subscription/subscription-key.ts';
import { LeaseTerm } from './lease-term.ts';

/** Checks in the time that a lease lasts: two of them may fail before it expires. */
const CHECKS_PER_LEASE = 3;

export interface LeaseManagerOptions {
  readonly connection: SchemaConnection;
  /** Distinguishes this process from every other one. */
  readonly owner: string;
  readonly leaseMs: number;
  /** True when the database can never be reached again: the store is closed. */
  readonly isClosed: () => boolean;
  readonly mismatches: Mismatches;
  /** Called when the database has answered a check, and not the one before. */
  readonly onAnswer: () => void;
  /** Called when the database could not be reached, and when a subscription is left alone. The check is repeated. */
  readonly onError: (error: unknown, subscription?: SubscriptionKey) => void;
}

interface LeaseRequest {
  readonly subscription: Subscription;
  readonly grant: (term: LeaseTerm | undefined) => void;
}

/**
 * Holds the leases of one process: renews them, ends the terms whose lease was lost, and takes leases that are free.
 *
 * Each check is one or two small statements for all subscriptions together, whether or not there are events.
 */
export class LeaseManager {
  readonly #options: LeaseManagerOptions;
  readonly #requests = new Map<string, LeaseRequest>();
  readonly #held = new Map<string, LeaseTerm>();
  /** Messages of the mismatches that were reported. */
  readonly #reported = new Map<string, string>();
  /** Times of the demotions that were reported. */
  readonly #reportedDemotions = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #checkAgain = false;
  #refusing = false;
  #closed = false;
  /** The last check failed. */
  #unanswered = false;

  constructor(options: LeaseManagerOptions) {
    this.#options = options;
  }

  /**
   * Waits until the subscription's lease is free, and takes it. The lease of a subscription that is inline, stopped for
   * this release, or has another definition in the database is not free.
   *
   * @returns undefined when the manager grants no more leases
   */
  acquire(subscription: Subscription): Promise<LeaseTerm | undefined> {
    if (this.#refusing) return Promise.resolve(undefined);
    return new Promise((grant) => {
      this.#requests.set(mapKeyOf(subscription.key), { subscription, grant });
      this.check();
    });
  }

  /** Grants no more leases, and answers every waiting request with undefined. */
  refuse(): void {
    this.#refusing = true;
    this.#requests.forEach(({ grant }) => grant(undefined));
    this.#requests.clear();
  }

  /** Ends a term whose lease another process has, or that was released. */
  drop(term: LeaseTerm): void {
    term.end();
    const mapKey = mapKeyOf(term);
    if (this.#held.get(mapKey) === term) this.#held.delete(mapKey);
  }

  /** Ends a term before its lease expires, so that another process can take it now. Its batch is rolled back. */
  async giveUp(term: LeaseTerm, reason: unknown): Promise<void> {
    term.end(reason);
    this.drop(term);
    const { connection, isClosed, onError } = this.#options;
    if (!isClosed()) await releaseLeases(connection, [term]).catch(onError);
  }

  /** Checks now instead of at the next interval. */
  check(): void {
    if (this.#checking !== undefined) {
      this.#checkAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#checking = this.#checkOnce().finally(() => {
      this.#checking = undefined;
      const again = this.#checkAgain;
      this.#checkAgain = false;
      if (this.#closed || this.#options.isClosed() || this.#held.size + this.#requests.size === 0) return;
      if (again) this.check();
      else this.#timer = setTimeout(() => this.check(), this.#options.leaseMs / CHECKS_PER_LEASE);
    });
  }

  /** Ends all terms and releases their leases. Takes no longer than a lease lasts: they have expired then. */
  async close(): Promise<void> {
    this.refuse();
    this.#closed = true;
    clearTimeout(this.#timer);
    const { leaseMs, onError } = this.#options;
    await within(this.#releaseAll(), leaseMs, () => notReleased(leaseMs)).catch((error: unknown) =>
      onError(error),
    );
  }

  async #releaseAll(): Promise<void> {
    const held = this.#dropHeld();
    await this.#checking;
    const terms = [...held, ...this.#dropHeld()]; // the check may have taken one
    const { connection, isClosed } = this.#options;
    if (terms.length > 0 && !isClosed()) await releaseLeases(connection, terms);
  }

  #dropHeld(): readonly LeaseTerm[] {
    const terms = [...this.#held.values()];
    for (const term of terms) this.drop(term);
    return terms;
  }

  async #checkOnce(): Promise<void> {
    const { connection, leaseMs, isClosed, onError } = this.#options;
    try {
      const held = [...this.#held.values()];
      const requested = [...this.#requests.values()].map(({ subscription }) => subscription);
      const checkpoints = await readCheckpoints(connection, [...held, ...requested.map(({ key }) => key)]);
      const byKey = new Map(checkpoints.map((checkpoint) => [mapKeyOf(checkpoint), checkpoint]));
      const kept = held.filter((term) => {
        const isMine = isHeld(term, byKey.get(mapKeyOf(term)));
        if (!isMine) this.drop(term);
        return isMine;
      });
      const renewed: LeaseTerm[] = [];
      for (const term of kept) {
        const whyNot = term.whyNotRenewed();
        if (whyNot === undefined) renewed.push(term);
        else {
          onError(whyNot, term);
          await this.giveUp(term, whyNot);
        }
      }
      if (renewed.length > 0) await renewLeases(connection, renewed, leaseMs);
      if (this.#unanswered) this.#options.onAnswer();
      this.#unanswered = false;
      for (const subscription of requested) {
        const checkpoint = byKey.get(mapKeyOf(subscription.key));
        if (checkpoint === undefined) continue;
        await this.#options.mismatches.recheck(subscription);
        if (!this.#mayRun(subscription, checkpoint)) continue;
        this.#reportDemotion(subscription, checkpoint);
        if (isFree(checkpoint, subscription)) await this.#take(subscription);
      }
    } catch (error) {
      this.#unanswered = true;
      if (isClosed()) this.refuse();
      else onError(error);
    }
  }

  /** Reports a mismatch once, until it is mended. */
  #mayRun(subscription: Subscription, checkpoint: Checkpoint): boolean {
    const { mismatches, onError } = this.#options;
    const mapKey = mapKeyOf(subscription.key);
    const mismatch = mismatches.of(subscription, checkpoint);
    if (mismatch === undefined) {
      this.#reported.delete(mapKey);
      return true;
    }
    if (this.#reported.get(mapKey) !== mismatch.message) onError(mismatch, subscription.key);
    this.#reported.set(mapKey, mismatch.message);
    return false;
  }

  /** Reports each demotion once. */
  #reportDemotion({ key, kind, definition }: Subscription, { demotion }: Checkpoint): void {
    const mapKey = mapKeyOf(key);
    if (demotion === undefined || definition.promote === undefined) return;
    if (this.#reportedDemotions.get(mapKey) === demotion.at.getTime()) return;
    this.#reportedDemotions.set(mapKey, demotion.at.getTime());
    this.#options.onError(demotedError(kind, key, demotion), key);
  }

  async #take({ key, definitionHash, release, definition }: Subscription): Promise<void> {
    const { connection, owner, leaseMs } = this.#options;
    const granted = await acquireLease(connection, key, {
      owner,
      leaseMs,
      definitionHash,
      release,
      promotes: definition.promote !== undefined,
    });
    if (granted === undefined) return;
    const { caught_up: caughtUp, demoted_ms: demotedMs } = granted;
    const term = new LeaseTerm(key, { ...granted, owner, caughtUp, demotedMs, leaseMs });
    await this.#endFormerOwners(term);
    const mapKey = mapKeyOf(key);
    this.#held.set(mapKey, term);
    // When the request was withdrawn meanwhile, the lease is released when the manager closes.
    this.#requests.get(mapKey)?.grant(term);
    this.#requests.delete(mapKey);
  }

  /** What they hold open, while they are paused for example, would make the first batch of the term wait. */
  async #endFormerOwners(term: LeaseTerm): Promise<void> {
    const { connection, onError } = this.#options;
    try {
      const sessions = await endFormerSessions(connection, term);
      const left = sessions.find(({ ended }) => !ended);
      if (left !== undefined) onError(mayNotEnd(connection.schema, term, left), term);
    } catch (error) {
      onError(error, term); // the server ends them later
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

function isFree(checkpoint: Checkpoint, { release, definition }: Subscription): boolean {
  const { inline, failure, leased, ownerPromotes, demotion } = checkpoint;
  const promotes = definition.promote !== undefined && demotion === undefined;
  return !inline && (!leased || (promotes && !ownerPromotes)) && failure?.releases.includes(release) !== true;
}

function demotedError(kind: string, { name, version }: SubscriptionKey, { at, by, inlineAfter }: Demotion) {
  return new ProjectionNotInlineError(
    `"${name}" version ${version}`,
    `an append of ${by} at ${at.toISOString()} did not apply it, as one of an old release does not while a new one is deployed; no event is missing: a runner applies them until ${inlineAfter.toISOString()} at least, and makes it inline again once no such process appends; without a deployment, give all processes that append the same inline ${kind}s`,
  );
}
