import { type AnyProjection, ClosedError, type Progress } from '@leftfold/core';
import {
  assertFunction,
  assertOptions,
  assertProjection,
  type OptionNames,
  ProgressMeter,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { tell } from '@leftfold/postgres';
import { guarded, type OnIncident, warner, withStoreErrors } from '@leftfold/subscriptions';
import { Replay } from '../replay/replay.ts';
import type { ProjectionRunner } from '../runner/projection-runner.ts';
import { readUnlike } from '../sql/given-up.ts';
import { dropAbandonedReplays } from '../sql/replays.ts';
import { repairProjection, type Repair } from '../verify/repair-projection.ts';
import { assertVerifyOptions, type Verification, type VerifyOptions } from '../verify/verification.ts';
import { verifyProjection } from '../verify/verify-projection.ts';
import { assertMoment, type Moment, positionAt } from './moment.ts';
import { PastProjection } from './past-projection.ts';

/** What {@link ProjectionAudit} takes. */
export interface ProjectionAuditOptions {
  readonly store: PostgresEventStore;
  /** Knows the projections; it need not be started. */
  readonly runner: ProjectionRunner;
  /** Called when something goes wrong while the log is replayed, and is tried again. @default warns */
  readonly onIncident?: OnIncident | undefined;
}

/** Options of `asOf`. */
export interface AsOfOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const asOfNames: OptionNames<AsOfOptions> = { signal: true, onProgress: true };

/**
 * Answers whether read models are right, and what they were: by replaying the log into tables of its own, in a schema that
 * is dropped afterwards. What serves is read, and changed by `repair` alone.
 */
export class ProjectionAudit implements AsyncDisposable {
  readonly #store: PostgresEventStore;
  readonly #runner: ProjectionRunner;
  readonly #onIncident: OnIncident;
  readonly #closing = new AbortController();
  readonly #open = new Set<AsyncDisposable>();

  constructor({ store, runner, onIncident }: ProjectionAuditOptions) {
    this.#store = store;
    this.#runner = runner;
    this.#onIncident = guarded(onIncident ?? warner());
  }

  /**
   * Replays a projection aside, and compares its rows with those that serve, at one position and in one snapshot. When they
   * differ, it replays once more, to find out whether the projection depends on its events alone.
   *
   * Takes as long as a rebuild. At the end, batches of the projection wait for up to two seconds, or appends that apply it
   * for up to a quarter of one. Events that were given up are left out. Keys that are parked can be among the rows that differ.
   *
   * @throws SubscriptionFailedError when an event could not be applied in the replay
   * @throws StoreUnavailableError when there was no moment in which both could be held at one position
   * @throws LogRewoundError when the log went back meanwhile, as after a restore
   * @throws InvalidArgumentError, SubscriptionMismatchError, RebuildRefusedError, MissingRightsError, ClosedError
   */
  async verify(projection: AnyProjection, options: VerifyOptions = {}): Promise<Verification> {
    assertVerifyOptions(options);
    return this.#replaying(projection, options.signal, async (signal) => {
      await using verified = await verifyProjection(this.#context, projection, { ...options, signal });
      return verified.verification;
    });
  }

  /**
   * Verifies a projection, and replaces the rows that are wrong by those of the replay, in one transaction, while what
   * serves stands still. The process that applies the projection reads its rows anew after that.
   *
   * Rows of a table projection do not depend on each other. Handlers may have written more rows from wrong ones meanwhile:
   * verify again.
   *
   * @throws RepairRefusedError when more than 10,000 rows are wrong, or two replays differ; the errors of {@link verify}
   */
  async repair(projection: AnyProjection, options: VerifyOptions = {}): Promise<Repair> {
    assertVerifyOptions(options);
    return this.#replaying(projection, options.signal, (signal) =>
      repairProjection(this.#context, projection, { ...options, signal }),
    );
  }

  /**
   * Builds a copy of a projection as it was at a moment, for queries. It is dropped when it is disposed of, and after a
   * crash of this process by the next call of any process.
   *
   * @throws InvalidArgumentError for a position beyond the end of the log; a time that has not come yet is the end of the log.
   * Otherwise like {@link verify}
   *
   * @example
   * ```ts
   * await using past = await audit.asOf(balances, { time: new Date('2026-01-01') });
   * const rows = await past.query().where('cents', '>', 0).execute();
   * ```
   */
  async asOf<TProjection extends AnyProjection>(
    projection: TProjection,
    moment: Moment,
    options: AsOfOptions = {},
  ): Promise<PastProjection<TProjection>> {
    assertMoment(moment);
    assertOptions('options', options, asOfNames);
    assertFunction('onProgress', options.onProgress);
    return this.#replaying(projection, options.signal, async (signal) => {
      const position = await positionAt(this.#store, moment);
      const positions = Array.from({ length: projection.slices }, () => position);
      const replay = await Replay.begin(projection, positions, this.#context);
      const meter = new ProgressMeter(() => performance.now(), 0);
      const onPosition = (at: number) => tell(options.onProgress, meter.at(at, position));
      try {
        await replay.reach(positions, { signal, onPosition });
        await replay.stop();
        const unlike = await withStoreErrors(this.#store, () =>
          readUnlike(this.#store, projection, replay.ref),
        );
        const kept = { projection, replay, position, parkedKeys: unlike.replay_parked };
        const past = new PastProjection(this.#store, kept, () => this.#open.delete(past));
        this.#open.add(past);
        return past;
      } catch (error) {
        await replay[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /** Ends what is running, and drops the copies that are open. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the audit of projections'));
    await Promise.all([...this.#open].map((one) => one[Symbol.asyncDispose]()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #context() {
    return { store: this.#store, onIncident: this.#onIncident };
  }

  async #replaying<TResult>(
    projection: AnyProjection,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<TResult>,
  ): Promise<TResult> {
    assertProjection('projection', projection);
    const closing = this.#closing.signal;
    const either = signal === undefined ? closing : AbortSignal.any([closing, signal]);
    either.throwIfAborted();
    await this.#runner.assertSame(projection);
    await withStoreErrors(this.#store, () => dropAbandonedReplays(this.#store));
    const working = work(either);
    const ended: AsyncDisposable = { [Symbol.asyncDispose]: () => working.then(noop, noop) };
    this.#open.add(ended);
    try {
      return await working;
    } finally {
      this.#open.delete(ended);
    }
  }
}

function noop(): void {}
