import { hostname } from 'node:os';
import {
  type AnyProjection,
  DuplicateDefinitionError,
  uuidv7,
  ProjectionModeMismatchError,
  ProjectionNotFoundError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { applyMigrations, toLeftfoldError } from '@leftfold/postgres';
import { assertAppliedBy } from '../inline/inline-projections.ts';
import { LeaseManager } from '../lease/lease-manager.ts';
import { readCheckpoints } from '../sql/checkpoints.ts';
import { resumeProjection } from '../sql/failures.ts';
import { migrations } from '../sql/migrations.generated.ts';
import { ProjectionTables } from '../tables/projection-tables.ts';
import { ProjectionWaiters } from '../wait/projection-waiters.ts';
import { ProjectionLoop } from './projection-loop.ts';
import { type ProjectionStatus, toStatus } from './projection-status.ts';
import { resetProjection } from './reset-projection.ts';
import { type RetryOptions, toRetryPolicy } from './retry.ts';
import { guarded, type OnIncident, warnWhenStopped } from './subscription-incident.ts';

/** What {@link createProjectionRunner} takes. */
export interface ProjectionRunnerOptions {
  readonly store: PostgresEventStore;
  /** One version of each; those of mode 'inline' are caught up and then left to the appends. */
  readonly projections: readonly AnyProjection[];
  /** What `status()` calls this process. @default the host's name and the process id */
  readonly owner?: string | undefined;
  /** How long a dead process keeps others waiting. Renewed three times in that time. @default 5000 */
  readonly leaseMs?: number | undefined;
  /** Most events of a batch; how many it has is found out by itself. @default 5000 */
  readonly batchSize?: number | undefined;
  /** Most rows that a table projection remembers between batches; 0 for none. @default 20000 */
  readonly cachedRows?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Told of everything that goes wrong. @default a warning of the process when a projection stops */
  readonly onError?: OnIncident | undefined;
}

/** A projection's definition, or its name. */
export type ProjectionRef = string | { readonly name: string };

export interface WaitForOptions {
  /** Infinity waits for ever. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a runner. Nothing is asked of the database yet: `start()` it.
 *
 * @throws DuplicateDefinitionError when two projections have one name.
 * @throws InvalidDefinitionError when a definition cannot become tables.
 * @throws ProjectionModeMismatchError when the store's appends do not apply an inline projection.
 */
export function createProjectionRunner(options: ProjectionRunnerOptions): ProjectionRunner {
  return new ProjectionRunner(options);
}

/**
 * Keeps projections up to date with the log, each event exactly once, beside any number of other runners.
 *
 * Each projection is led by one process at a time, which holds its lease; the others wait to take over. A process that
 * does not `start()` its runner can still wait for projections and look after them.
 */
export class ProjectionRunner implements AsyncDisposable {
  readonly #store: PostgresEventStore;
  readonly #projections: ReadonlyMap<string, AnyProjection>;
  readonly #tables: readonly ProjectionTables[];
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #loops: readonly ProjectionLoop[];
  readonly #keeper: LeaseManager;
  readonly #waiting: ProjectionWaiters;
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ProjectionRunnerOptions) {
    const { store, projections, leaseMs = 5_000, batchSize = 5_000, cachedRows = 20_000 } = options;
    if (!(leaseMs >= 100)) throw new RangeError(`leaseMs is ${leaseMs}, at least 100 is needed`);
    if (!(batchSize >= 1)) throw new RangeError(`batchSize is ${batchSize}, at least 1 is needed`);
    assertAppliedBy(store, projections);
    const onError = guarded(options.onError ?? warnWhenStopped);
    this.#store = store;
    this.#projections = byName(projections);
    this.#tables = projections.map((projection) => new ProjectionTables(store.schema, projection));
    this.#owner = `${options.owner ?? `${hostname()}:${process.pid}`}/${uuidv7(Date.now())}`;
    this.#leaseMs = leaseMs;
    this.#waiting = new ProjectionWaiters(store);
    this.#keeper = new LeaseManager({
      db: store.db,
      schema: store.schema,
      owner: this.#owner,
      leaseMs,
      isOver: () => store.pool.ending,
      onError: (error) => onError({ projection: undefined, error, stopped: false }),
    });
    const retry = toRetryPolicy(options.retry);
    const shared = {
      store,
      keeper: this.#keeper,
      waiting: this.#waiting,
      leaseMs,
      batchSize,
      cachedRows,
      retry,
      onError,
    };
    this.#loops = projections.map((projection) => new ProjectionLoop(projection, shared));
  }

  /**
   * Makes checkpoints and tables that do not exist yet. Any number of processes may call it at once; where all is
   * there already, no right to create anything is needed. The store must be migrated.
   *
   * @throws ProjectionTableMismatchError when a table exists with other columns than are defined.
   * @throws ProjectionModeMismatchError when a projection is defined as async now, and appends apply it in this database.
   * @throws SchemaMismatchError, SchemaNotMigratedError, MissingRightsError, StoreUnavailableError
   */
  async migrate(): Promise<void> {
    const { db, pool, schema } = this.#store;
    await applyMigrations(pool, { schema, component: 'projections', migrations });
    await this.#asking(async () => {
      for (const tables of this.#tables) await tables.ensure(db);
      const projections = [...this.#projections.values()];
      for (const { projection, inline } of await readCheckpoints(db, schema, projections)) {
        if (inline && this.#find(projection).mode === 'async') {
          throw new ProjectionModeMismatchError(
            projection,
            'is async now, and appends apply it in this database; raise its version, or reset() it',
          );
        }
      }
    });
  }

  /** Migrates, then begins to keep the projections up to date. @throws like {@link migrate} */
  async start(): Promise<void> {
    if (this.#running !== undefined || this.#stop.signal.aborted) {
      throw new TypeError('the projection runner was started before');
    }
    // Taken at once: a stop that comes while migrating has something to wait for.
    const migrated = this.migrate();
    this.#running = migrated.then(
      () => Promise.all(this.#loops.map((loop) => loop.run(this.#stop.signal))),
      () => {
        this.#running = undefined;
      },
    );
    await migrated;
  }

  /** Ends after the batches that are being applied, and gives the leases back. Does not throw. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#keeper.refuse();
    this.#waiting.close();
    await this.#running;
    await this.#keeper.close();
  }

  /**
   * Waits until a projection is at a position: the token that an append or a command gave.
   *
   * A projection that appends apply is there at once. It need not be this runner that applies it, nor this process.
   *
   * @throws ProjectionTimeoutError when it takes longer; it may still get there.
   * @throws ProjectionFailedError when it stopped before that position.
   * @throws ProjectionNotFoundError when this runner does not know it, or nobody migrated it.
   * @throws StoreUnavailableError when the runner is stopped meanwhile.
   */
  async waitFor(
    projection: ProjectionRef,
    position: number,
    { timeoutMs = 5_000, signal }: WaitForOptions = {},
  ): Promise<void> {
    await this.#waiting.until(this.#find(projection), { position, inline: false }, { timeoutMs, signal });
  }

  /**
   * Waits until everything that is settled now is applied; for an inline projection, until appends apply it.
   *
   * @param options.timeoutMs is Infinity unless given.
   * @throws like {@link waitFor}
   */
  async whenCaughtUp(
    ref: ProjectionRef,
    { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitForOptions = {},
  ): Promise<void> {
    const projection = this.#find(ref);
    const position = await this.#store.highWaterMark();
    await this.#waiting.until(
      projection,
      { position, inline: projection.mode === 'inline' },
      { timeoutMs, signal },
    );
  }

  /**
   * Empties a projection and lets it begin anew from the beginning of the log. Queries see it incomplete until then:
   * to keep the old rows meanwhile, raise the projection's version instead.
   *
   * @throws ProjectionNotFoundError, StoreUnavailableError
   */
  async reset(ref: ProjectionRef): Promise<void> {
    const projection = this.#find(ref);
    const { db, schema } = this.#store;
    await this.#asking(() =>
      resetProjection(projection, { db, schema, owner: this.#owner, leaseMs: this.#leaseMs }),
    );
    this.#keeper.look();
  }

  /** Lets a stopped projection go on at the event where it stopped. Does nothing to one that is not stopped. */
  async resume(ref: ProjectionRef): Promise<void> {
    const projection = this.#find(ref);
    const { db, schema } = this.#store;
    const found = await this.#asking(() => resumeProjection(db, schema, projection));
    if (!found) throw new ProjectionNotFoundError(projection.name);
    this.#keeper.look();
  }

  /** How each projection stands, in the order they were given. @throws StoreUnavailableError */
  async status(): Promise<readonly ProjectionStatus[]> {
    const { db, schema } = this.#store;
    const projections = [...this.#projections.values()];
    // Checkpoints first: a lag is then never less than it was.
    const checkpoints = await this.#asking(() => readCheckpoints(db, schema, projections));
    const settled = await this.#store.highWaterMark();
    return projections.map((one) =>
      toStatus(
        one,
        checkpoints.find(({ projection }) => projection === one.name),
        settled,
      ),
    );
  }

  #find(ref: ProjectionRef): AnyProjection {
    const name = typeof ref === 'string' ? ref : ref.name;
    const projection = this.#projections.get(name);
    if (projection === undefined) throw new ProjectionNotFoundError(name);
    return projection;
  }

  async #asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw toLeftfoldError(error, this.#store.schema);
    }
  }
}

function byName(projections: readonly AnyProjection[]): ReadonlyMap<string, AnyProjection> {
  const found = new Map<string, AnyProjection>();
  for (const projection of projections) {
    if (found.has(projection.name)) throw new DuplicateDefinitionError('projection', projection.name);
    found.set(projection.name, projection);
  }
  return found;
}
