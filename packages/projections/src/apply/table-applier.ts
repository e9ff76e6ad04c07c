import type { AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  advanceCheckpoint,
  BatchFailure,
  type HeldLease,
  type PreparedBatch,
  type SubscriptionHandler,
  storedCountOf,
  type SubscriptionPage,
} from '@leftfold/subscriptions';
import { isConnectionFailure, toLeftfoldError } from '@leftfold/postgres';
import { encodeChanges, memoryOf } from '../fold/encoded-rows.ts';
import { RowCache } from '../fold/row-cache.ts';
import type { FoldedRow } from '../fold/folded-row.ts';
import { TableFold } from '../fold/table-fold.ts';
import { loadRows } from '../sql/load-rows.ts';
import { type TableTarget, writeRowsAndAdvance } from '../sql/write-rows.ts';

export interface TableApplierOptions {
  readonly store: Pick<PostgresEventStore, 'db' | 'schema'>;
  readonly lease: HeldLease;
  /** Of the table. */
  readonly tableSchema: string;
  /** Most rows that are kept in memory between batches. */
  readonly cachedRows: number;
}

/** What has been folded since the last batch began to be written. */
interface PendingBatch {
  readonly from: number;
  to: number;
  eventCount: number;
  firstEvent: RecordedEvent | undefined;
  readonly rows: FoldedRow[];
}

/**
 * Folds pages into the rows of one table.
 *
 * A batch is one statement, after one more that loads those of its rows that are not in memory. Rows in memory are
 * valid while the lease is held, because no other process writes the table then; a new term needs a new applier. They
 * include the changes of the batch that is being written, so that no row of that batch has to be loaded.
 *
 * While one batch is being written, the next one grows page by page: a row that many events change is written once.
 */
export class TableApplier implements SubscriptionHandler {
  readonly waitsForDatabaseOnly = true;
  readonly #options: TableApplierOptions;
  readonly #fold: TableFold;
  readonly #target: TableTarget;
  readonly #cache: RowCache;
  #pending: PendingBatch | undefined;

  constructor(projection: AnyTableProjection, options: TableApplierOptions) {
    this.#options = options;
    this.#fold = new TableFold(projection);
    this.#target = {
      schema: options.tableSchema,
      table: projection.table.name,
      columns: this.#fold.columns,
    };
    this.#cache = new RowCache(options.cachedRows);
  }

  async prepare({ from, to, events, includes }: SubscriptionPage): Promise<PreparedBatch> {
    const pending = (this.#pending ??= { from, to, eventCount: 0, firstEvent: undefined, rows: [] });
    const before = pending.eventCount;
    pending.to = to;
    pending.eventCount += storedCountOf(events);
    pending.firstEvent ??= events[0];
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      const rowsBefore = pending.rows.length;
      const plan = this.#fold.plan(events, this.#cache, pending.rows, onEvent, includes);
      const unknown = pending.rows.slice(rowsBefore).filter(({ row }) => row === undefined);
      current = undefined;
      if (unknown.length > 0) {
        const { db, schema } = this.#options.store;
        await ask(loadRows(db, this.#target, unknown, { fold: this.#fold, lock: false }), schema);
      }
      this.#fold.fold(plan, onEvent);
    } catch (error) {
      const failing =
        current === undefined
          ? undefined
          : { event: current, before: before + storedCountOf(events, current) };
      throw new BatchFailure(error, { ...pending, failing });
    }
    const { eventCount } = pending;
    return { to, eventCount, grows: true, write: () => this.#write(pending) };
  }

  forget(): void {
    this.#cache.clear();
    this.#pending = undefined;
  }

  async #write(pending: PendingBatch): Promise<boolean> {
    const { store, lease } = this.#options;
    const { from, to, rows } = pending;
    const step = { lease, from, to };
    try {
      const changes = encodeChanges(this.#fold.columns, rows);
      // From here on the rows may change again, for the next batch.
      this.#cache.endBatch(rows, memoryOf(this.#fold.columns, changes.kept));
      this.#pending = undefined;
      if (changes.kept.count + changes.gone.count === 0)
        return await ask(advanceCheckpoint(store.db, store.schema, step), store.schema);
      const wrote = await ask(writeRowsAndAdvance(store, step, this.#target, changes), store.schema);
      this.#cache.written();
      return wrote;
    } catch (error) {
      throw new BatchFailure(error, { ...pending, failing: undefined });
    }
  }
}

/** Only requests to the database can fail with the connection: an error of a fold that looks like one is its own. */
async function ask<TAnswer>(answer: Promise<TAnswer>, schema: string): Promise<TAnswer> {
  try {
    return await answer;
  } catch (error) {
    throw isConnectionFailure(error) ? toLeftfoldError(error, schema) : error;
  }
}
