import { InFlight, type InFlightLimits } from '@leftfold/core';
import type { StatementRunner } from '@leftfold/postgres';
import {
  type NumberedReachedRow,
  type ReachedRow,
  reachedStatement,
  type WantedPlace,
} from '../sql/reached.ts';
import { refKeyOf } from '../subscription/subscription-key.ts';

/** Places of one statement. More of them are asked for one page after the other. */
const PAGE = 1_000;

/** More than there can be waits: calls that wait are not refused when all of them look again. */
const CHECKS: InFlightLimits = { what: 'checks of subscriptions and projections', count: 20_000 };

interface Check extends WantedPlace {
  readonly row: Promise<ReachedRow | undefined>;
  readonly resolve: (row: ReachedRow | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tells how far subscriptions are, for all calls of this process that wait.
 *
 * One statement at a time answers all calls that came before it was sent, so that they take one connection, however many
 * they are, and leave the others to batches and leases.
 */
export class PlaceChecks {
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly #inFlight = new InFlight(CHECKS);
  /** Those that no statement was sent for yet. */
  #asked = new Map<string, Check>();
  #sending = false;

  constructor({ run, schema }: { readonly run: StatementRunner; readonly schema: string }) {
    this.#run = run;
    this.#schema = schema;
  }

  /**
   * @returns undefined when the subscription has no row
   * @throws StoreUnavailableError when too many calls ask; what the database threw
   */
  async rowAt(wanted: WantedPlace): Promise<ReachedRow | undefined> {
    return this.#inFlight.run(() => this.#ask(wanted));
  }

  #ask(wanted: WantedPlace): Promise<ReachedRow | undefined> {
    const mapKey = `${refKeyOf(wanted.ref)} ${wanted.place.position}`;
    let check = this.#asked.get(mapKey);
    if (check === undefined) {
      check = toCheck(wanted);
      this.#asked.set(mapKey, check);
    }
    if (!this.#sending) {
      this.#sending = true;
      // After the current synchronous code, which may ask for more.
      queueMicrotask(() => void this.#send());
    }
    return check.row;
  }

  /** Does not throw. */
  async #send(): Promise<void> {
    while (this.#asked.size > 0) {
      const checks = [...this.#asked.values()];
      this.#asked = new Map();
      for (let from = 0; from < checks.length; from += PAGE)
        await this.#answer(checks.slice(from, from + PAGE));
    }
    this.#sending = false;
  }

  async #answer(checks: readonly Check[]): Promise<void> {
    try {
      const rows = await this.#run<NumberedReachedRow>(reachedStatement(this.#schema, checks));
      const byNumber = new Map(rows.map((row) => [row.number, row]));
      checks.forEach(({ resolve }, index) => resolve(byNumber.get(index + 1)));
    } catch (error) {
      for (const { reject } of checks) reject(error);
    }
  }
}

function toCheck({ ref, place }: WantedPlace): Check {
  let resolve: Check['resolve'] = () => {};
  let reject: Check['reject'] = () => {};
  const row = new Promise<ReachedRow | undefined>((...calls) => {
    [resolve, reject] = calls;
  });
  row.catch(() => {}); // all of its callers may have given up
  return { ref, place, row, resolve, reject };
}
