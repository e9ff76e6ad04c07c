import {
  type AnyProjection,
  InvalidArgumentError,
  type LogToken,
  SubscriptionNotFoundError,
} from '@leftfold/core';
import { assertEach, assertObject, assertProjection, assertWhole } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { applyMigrations } from '@leftfold/postgres';
import {
  createSubscriptionRunner,
  guarded,
  type OnIncident,
  type ParkedEvents,
  type SubscriptionReads,
  type SubscriptionRunner,
  type WaitForOptions,
  warner,
} from '@leftfold/subscriptions';
import { assertAppliedBy } from '../inline/inline-projections.ts';
import { type Ask, type Patience, waitUntilInline } from '../inline/wait-until-inline.ts';
import { whyNotInline } from '../inline/why-not-inline.ts';
import type {
  AnyRebuildOptions,
  AnyRebuildResult,
  GatedRebuildOptions,
  GatedRebuildResult,
  RebuildOptions,
  RebuildResult,
  RollbackOptions,
} from '../rebuild/rebuild-options.ts';
import { Rebuilds } from '../rebuild/rebuilds.ts';
import { dropProjectionVersion, type ProjectionVersion, versionsOf } from '../rebuild/versions.ts';
import { functions, migrations } from '../sql/migrations.generated.ts';
import { ProjectionTables } from '../tables/projection-tables.ts';
import {
  CACHED_ROWS,
  type ProjectionRef,
  type ProjectionRunnerOptions,
} from './projection-runner-options.ts';
import type { ProjectionStatus } from './projection-status.ts';
import { copySubscription, projectionSubscription } from './projection-subscription.ts';

/**
 * Applies the events of the log to projections, each event exactly once, beside any number of other runners.
 *
 * One process at a time leads each projection: the one that holds its lease. Other processes that run it wait to take
 * over. A process that does not call `start()` can still wait for projections, reset and resume them.
 */
export class ProjectionRunner implements AsyncDisposable {
  /** Events that were set aside for keys that failed, and what an operator does with them. */
  readonly parked: ParkedEvents<ProjectionRef>;
  /** @internal */
  readonly reads: SubscriptionReads;
  readonly #onIncident: OnIncident;
  readonly #store: PostgresEventStore;
  readonly #projections: readonly AnyProjection[];
  readonly #runner: SubscriptionRunner;
  readonly #rebuilds: Rebuilds;

  constructor({ store, projections, cachedRows = CACHED_ROWS, ...options }: ProjectionRunnerOptions) {
    assertWhole('cachedRows', cachedRows);
    assertObject('an event store', 'store', store, ['inline', 'schema']);
    assertEach('projections', projections, assertProjection);
    assertAppliedBy(store, projections);
    const withTables = projections.map((projection) => ({
      projection,
      tables: new ProjectionTables(store.schema, projection),
    }));
    this.#onIncident = guarded(options.onIncident ?? warner());
    this.#store = store;
    this.#projections = projections;
    this.#runner = createSubscriptionRunner({
      ...options,
      store,
      subscriptions: [
        ...withTables.map(({ projection, tables }) =>
          projectionSubscription(projection, { store, tables, cachedRows }),
        ),
        ...projections.map((projection) => copySubscription(projection, { store, cachedRows })),
      ],
      migrate: () => this.#migrateSchema(),
    });
    this.reads = this.#runner.reads;
    this.#rebuilds = new Rebuilds(store, this.#runner);
    this.parked = this.#runner.parkedBy((ref) => this.#find(ref));
  }

  /**
   * Creates checkpoints and tables that do not exist yet. Any number of processes may call it at the same time. When
   * nothing is missing, it needs no right to create anything. The store must be migrated.
   *
   * A projection that is defined in another way in this database is left alone: its state is `mismatched`, its queries
   * fail, and `reset` builds it as it is defined here.
   *
   * @throws SchemaMismatchError, SchemaNotMigratedError, MissingRightsError, StoreUnavailableError
   * @throws MigrationFailedError when the tables of a projection could not be created for another reason
   */
  migrate(): Promise<void> {
    return this.#runner.migrate();
  }

  /** Migrates, then begins to keep the projections up to date. @throws like {@link migrate}; TypeError when called twice */
  start(): Promise<void> {
    return this.#runner.start();
  }

  /** Waits for the batches that are being written, then releases the leases. Does not throw. */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Waits until a projection has applied the event of a token: `tokenOf(event)`, or the token of a command.
   *
   * A projection that is inline has applied every event. The projection may run in another process.
   *
   * @throws SubscriptionTimeoutError when it takes longer than `timeoutMs`; the event may still be applied.
   * @throws SubscriptionFailedError when the projection stopped before that event.
   * @throws LogRewoundError when the log does not have this event.
   * @throws SubscriptionNotFoundError when this runner does not know the projection, or it has no checkpoint.
   * @throws ClosedError when the runner is stopped, before the wait or during it.
   */
  async waitFor(ref: ProjectionRef, token: LogToken, options?: WaitForOptions): Promise<void> {
    await this.#runner.waitFor(this.#find(ref), token, options);
  }

  /** @internal Waits for a position, of whatever event. @throws like {@link waitFor} */
  async waitForPosition(ref: ProjectionRef, position: number, options: WaitForOptions): Promise<void> {
    await this.#runner.waitForPosition(this.#find(ref), position, options);
  }

  /**
   * Waits until every event that is committed now is applied; for an inline projection, until appends apply it.
   *
   * @param options.timeoutMs is Infinity by default
   * @throws like {@link waitFor}
   */
  async whenCaughtUp(ref: ProjectionRef, options?: WaitForOptions): Promise<void> {
    await this.#runner.whenCaughtUp(this.#find(ref), options);
  }

  /**
   * @internal Waits until appends apply an inline projection, or are not going to for a while: it is demoted, stopped or
   * mismatched, or open appends prevent it. Reports each ten seconds as an incident what is waited for.
   */
  async untilInline(
    ref: ProjectionRef,
    patience?: Patience,
    ask: Ask = (request) => request(),
  ): Promise<void> {
    const projection = this.#find(ref);
    const { name, version } = projection;
    await waitUntilInline(projection, patience, {
      caughtUp: (timeoutMs) => ask(() => this.whenCaughtUp(projection, { timeoutMs })),
      find: () =>
        ask(async () => {
          const index = this.#projections.indexOf(projection);
          const status = (await this.#runner.status())[index]!;
          return { status, reason: await whyNotInline(this.#store, status) };
        }),
      report: (error) =>
        this.#onIncident({ subscription: { name, version, slice: 0 }, error, stopped: false }),
    });
  }

  /** @internal False when this process defines the projection in another way than the row with this hash. */
  isSame(ref: ProjectionRef, definitionHash: string | undefined): boolean {
    return this.#runner.isSame(this.#find(ref), definitionHash);
  }

  /** @internal @throws SubscriptionMismatchError, SubscriptionNotFoundError, StoreUnavailableError */
  assertSame(ref: ProjectionRef): Promise<void> {
    return this.#runner.assertSame(this.#find(ref));
  }

  /**
   * Empties a projection's tables, creates those anew that are not as defined here, and starts it over at the beginning
   * of the log. Queries wait until it has caught up: to keep the old rows for that time, raise the projection's version
   * instead.
   *
   * @throws SubscriptionNotFoundError, StoreUnavailableError
   */
  async reset(ref: ProjectionRef): Promise<void> {
    await this.#runner.reset(this.#find(ref));
  }

  /**
   * Lets a stopped projection continue at the event where it stopped. Does nothing to one that is not stopped.
   *
   * @throws SubscriptionNotFoundError, StoreUnavailableError
   */
  async resume(ref: ProjectionRef): Promise<void> {
    await this.#runner.resume(this.#find(ref));
  }

  /**
   * Builds a new copy of a projection's tables from the beginning of the log, in a schema of its own, while the present one
   * serves and advances; once it has caught up, one transaction lets it serve instead. Any process of the release that
   * asks works on it, and goes on after a crash. A call joins a rebuild that is going on, with its own options.
   * With `switchIf`, the calling process compares both at one position then, and the new copy serves only when it is true.
   * When the process ends before, the copy follows the log until the next call.
   *
   * @returns when the new copy serves, or is kept beside
   * @throws RebuildRefusedError when the copy would not have something that depends on the tables, such as a view
   * @throws RebuildDroppedError when it was dropped meanwhile; SubscriptionFailedError when it stopped at an event
   * @throws SubscriptionMismatchError, SubscriptionNotFoundError, InvalidArgumentError, MissingRightsError, StoreUnavailableError
   */
  rebuild(ref: ProjectionRef, options: GatedRebuildOptions): Promise<GatedRebuildResult>;
  rebuild(ref: ProjectionRef, options?: RebuildOptions): Promise<RebuildResult>;
  async rebuild(ref: ProjectionRef, options: AnyRebuildOptions = {}): Promise<AnyRebuildResult> {
    return this.#rebuilds.rebuild(this.#find(ref), options);
  }

  /** Ends the work on a rebuild, in all processes, until it is resumed. @throws RebuildRefusedError when there is none */
  async pauseRebuild(ref: ProjectionRef): Promise<void> {
    await this.#rebuilds.pause(this.#find(ref));
  }

  /** Continues a rebuild that is paused, or has stopped at an event. @throws RebuildRefusedError when there is none */
  async resumeRebuild(ref: ProjectionRef): Promise<void> {
    await this.#rebuilds.resume(this.#find(ref));
  }

  /**
   * Drops the copy of a projection's tables: that of a rebuild, or the tables that served before the last switch.
   *
   * @throws RebuildRefusedError when there is none
   */
  async dropRebuild(ref: ProjectionRef): Promise<void> {
    await this.#rebuilds.drop(this.#find(ref));
  }

  /**
   * Lets the tables serve again that did before the last switch: they go on from where they stopped to serve, and one
   * transaction switches. Those that serve now are kept for another rollback. A call joins one that is going on.
   *
   * @returns when they serve
   * @throws RebuildRefusedError when there are none; and the errors of {@link rebuild}
   */
  async rollback(ref: ProjectionRef, options: RollbackOptions = {}): Promise<RebuildResult> {
    return this.#rebuilds.rollback(this.#find(ref), options);
  }

  /** All versions and copies of a projection in this database, old versions first. @throws StoreUnavailableError */
  async versions(ref: ProjectionRef): Promise<readonly ProjectionVersion[]> {
    return versionsOf(this.#store, typeof ref === 'string' ? ref : this.#find(ref).name);
  }

  /**
   * Drops the tables of a version that no process runs.
   *
   * @throws RebuildRefusedError when a process runs it, or there is no such version; StoreUnavailableError
   */
  async dropVersion(name: string, version: number): Promise<void> {
    await dropProjectionVersion(this.#store, name, version);
  }

  /** State and progress of each projection, in the order in which they were given. @throws StoreUnavailableError */
  async status(): Promise<readonly ProjectionStatus[]> {
    const statuses = await this.#runner.status();
    const rebuilds = await this.#rebuilds.status(this.#projections);
    // The subscriptions of copies come after those of the projections.
    return this.#projections.map(({ mode }, index) => ({
      ...statuses[index]!,
      mode,
      rebuild: rebuilds[index],
    }));
  }

  async #migrateSchema(): Promise<void> {
    const { pool, schema, answerMs } = this.#store;
    await applyMigrations(pool, { schema, component: 'projections', migrations, functions, answerMs });
  }

  #find(ref: ProjectionRef): AnyProjection {
    if (typeof ref !== 'string')
      assertObject('a projection, or the name of one', 'projection', ref, ['name', 'version']);
    const { name, version } = typeof ref === 'string' ? { name: ref, version: undefined } : ref;
    const found = this.#projections.filter(
      (one) => one.name === name && (version === undefined || one.version === version),
    );
    const [projection, another] = found;
    if (projection === undefined) {
      throw new SubscriptionNotFoundError({ kind: 'projection', name, version }, this.#projections);
    }
    if (another !== undefined) {
      throw new InvalidArgumentError(
        'projection',
        `"${name}" has several versions in this runner; pass a definition`,
      );
    }
    return projection;
  }
}
