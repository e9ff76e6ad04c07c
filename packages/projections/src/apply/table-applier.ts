import type { AnyRow, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { RowCache } from '../fold/row-cache.ts';
import { type FoldedRow, TableFold } from '../fold/table-fold.ts';
import { advanceCheckpoint } from '../sql/advance-checkpoint.ts';
import type { HeldLease } from '../sql/leases.ts';
import { loadRows } from '../sql/load-rows.ts';
import { type TableTarget, writeRowsAndAdvance } from '../sql/write-rows.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type Batch, type BatchApplier, BatchFailure, type PreparedBatch } from './batch.ts';

export interface TableApplierOptions {
  readonly db: Kysely<unknown>;
  readonly storeSchema: string;
  readonly leaseMs: number;
  /** Rows kept in memory between batches, at most. */
  readonly cachedRows: number;
}

/**
 * Folds batches into one table.
 *
 * A batch is one statement, after one more for those of its rows that are not remembered. What is remembered is right
 * as long as the lease is held, for nobody else writes the table then; a new lease needs a new applier.
 */
export class TableApplier implements BatchApplier {
  readonly #options: TableApplierOptions;
  readonly #fold: TableFold;
  readonly #target: TableTarget;
  /** Rows that do not exist are worth remembering too. */
  readonly #remembered: RowCache<AnyRow | 'absent'>;
  /** The rows of the batch that was prepared last, which may not be written yet: never to be read meanwhile. */
  #newest: ReadonlyMap<string, FoldedRow> = new Map();

  constructor(projection: AnyTableProjection, options: TableApplierOptions) {
    this.#options = options;
    this.#fold = new TableFold(projection);
    this.#target = {
      schema: projectionSchema(options.storeSchema, projection),
      table: projection.table.name,
      columns: this.#fold.columns,
    };
    this.#remembered = new RowCache(options.cachedRows);
  }

  async prepare(batch: Batch): Promise<PreparedBatch> {
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      const plan = this.#fold.plan(batch.events, onEvent);
      current = undefined;
      await this.#load(plan.rows);
      this.#fold.fold(plan, onEvent);
      const rows = [...plan.rows.values()];
      this.#newest = plan.rows;
      for (const { id, row } of rows) this.#remembered.set(id, row ?? 'absent');
      return { batch, write: (lease) => this.#write(batch, rows, lease) };
    } catch (error) {
      throw new BatchFailure(error, current);
    }
  }

  forget(): void {
    this.#newest = new Map();
    this.#remembered.clear();
  }

  async #write({ from, to }: Batch, rows: readonly FoldedRow[], lease: HeldLease): Promise<boolean> {
    const { db, storeSchema, leaseMs } = this.#options;
    const advance = { lease, leaseMs, from, to };
    try {
      if (rows.length === 0) return await advanceCheckpoint(db, storeSchema, advance);
      return await writeRowsAndAdvance(db, storeSchema, advance, this.#target, rows);
    } catch (error) {
      throw new BatchFailure(error, undefined);
    }
  }

  async #load(rows: ReadonlyMap<string, FoldedRow>): Promise<void> {
    const unknown: FoldedRow[] = [];
    for (const one of rows.values()) {
      const newest = this.#newest.get(one.id);
      const remembered = newest === undefined ? this.#remembered.get(one.id) : (newest.row ?? 'absent');
      if (remembered === undefined) unknown.push(one);
      else one.row = remembered === 'absent' ? null : remembered;
    }
    if (unknown.length > 0)
      await loadRows(this.#options.db, this.#target, unknown, { fold: this.#fold, lock: false });
  }
}
