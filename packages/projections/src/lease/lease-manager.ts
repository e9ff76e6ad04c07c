import type { Kysely } from 'kysely';
import { readCheckpoints } from '../sql/checkpoints.ts';
import { acquireLease, releaseLeases, renewLeases } from '../sql/leases.ts';
import type { Checkpoint, ProjectionKey } from '../sql/row.ts';
import { Lease } from './lease.ts';

/** A lease is looked after so many times while it lasts: twice it may fail. */
const LOOKS_PER_LEASE = 3;

export interface LeaseKeeperOptions {
  readonly db: Kysely<unknown>;
  readonly schema: string;
  /** Tells this process from every other one. */
  readonly owner: string;
  readonly leaseMs: number;
  /** True when the database can never be asked again: the store is closed. */
  readonly isOver: () => boolean;
  /** The database could not be asked. It will be asked again. */
  readonly onError: (error: unknown) => void;
}

interface LeaseRequest {
  readonly projection: ProjectionKey;
  readonly grant: (lease: Lease | undefined) => void;
}

/**
 * Holds the leases of one process: renews them, notices those that were lost, and takes those that are free.
 *
 * One or two small statements for all projections at each look, whether or not there are events.
 */
export class LeaseManager {
  readonly #options: LeaseKeeperOptions;
  readonly #wishes = new Map<string, LeaseRequest>();
  readonly #held = new Map<string, Lease>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #refusing = false;
  #closed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /**
   * Waits until the projection is nobody's, not stopped and not applied by appends, and takes it.
   *
   * @returns undefined when the keeper grants no more.
   */
  acquire(projection: ProjectionKey): Promise<Lease | undefined> {
    if (this.#refusing) return Promise.resolve(undefined);
    return new Promise((grant) => {
      this.#wishes.set(projection.name, { projection, grant });
      this.look();
    });
  }

  /** Grants no lease any more, and tells all who wait for one. */
  refuse(): void {
    this.#refusing = true;
    this.#wishes.forEach(({ grant }) => grant(undefined));
    this.#wishes.clear();
  }

  /** Ends a lease of which it is known that somebody else has it, or that it was given back. */
  drop(lease: Lease): void {
    lease.end();
    if (this.#held.get(lease.name) === lease) this.#held.delete(lease.name);
  }

  /** Looks now rather than at the next turn. */
  look(): void {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      const again = this.#lookAgain;
      this.#lookAgain = false;
      if (this.#closed || this.#options.isOver() || this.#held.size + this.#wishes.size === 0) return;
      if (again) this.look();
      else this.#timer = setTimeout(() => this.look(), this.#options.leaseMs / LOOKS_PER_LEASE);
    });
  }

  /** Gives all leases back. */
  async close(): Promise<void> {
    this.refuse();
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    const leases = [...this.#held.values()];
    for (const lease of leases) this.drop(lease);
    const { db, schema, isOver, onError } = this.#options;
    if (leases.length === 0 || isOver()) return;
    // Without the database the leases end by themselves.
    await releaseLeases(db, schema, leases).catch(onError);
  }

  async #lookOnce(): Promise<void> {
    const { db, schema, leaseMs, isOver, onError } = this.#options;
    try {
      const held = [...this.#held.values()];
      const wanted = [...this.#wishes.values()].map(({ projection }) => projection);
      const checkpoints = await readCheckpoints(db, schema, [...held, ...wanted]);
      const find = ({ name, version }: ProjectionKey) =>
        checkpoints.find((one) => one.projection === name && one.version === version);
      const kept = held.filter((lease) => {
        const mine = find(lease)?.epoch === lease.epoch;
        if (!mine) this.drop(lease);
        return mine;
      });
      if (kept.length > 0) await renewLeases(db, schema, kept, leaseMs);
      for (const projection of wanted) {
        const checkpoint = find(projection);
        if (checkpoint !== undefined && isFree(checkpoint)) await this.#take(projection);
      }
    } catch (error) {
      if (isOver()) this.refuse();
      else onError(error);
    }
  }

  async #take(projection: ProjectionKey): Promise<void> {
    const { db, schema, owner, leaseMs } = this.#options;
    const taken = await acquireLease(db, schema, projection, { owner, leaseMs });
    if (taken === undefined) return;
    const lease = new Lease({ ...projection, epoch: taken.epoch }, taken.position);
    this.#held.set(lease.name, lease);
    // When nobody waits for it any more, it is given back when the keeper closes.
    this.#wishes.get(projection.name)?.grant(lease);
    this.#wishes.delete(projection.name);
  }
}

function isFree({ inline, failure, leased }: Checkpoint): boolean {
  return !inline && failure === undefined && !leased;
}
