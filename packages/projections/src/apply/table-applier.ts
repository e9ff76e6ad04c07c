import type { AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { encodeChanges, type EncodedChanges } from '../fold/encoded-rows.ts';
import { KnownRows } from '../fold/known-rows.ts';
import { TableFold } from '../fold/table-fold.ts';
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
 * A batch is one statement, after one more for those of its rows that are not known. What is known is right as long
 * as the lease is held, for nobody else writes the table then; a new lease needs a new applier. It is ahead of the
 * table by the batch that is on its way, so that no row of that batch is read.
 */
export class TableApplier implements BatchApplier {
  readonly #options: TableApplierOptions;
  readonly #fold: TableFold;
  readonly #target: TableTarget;
  readonly #known: KnownRows;

  constructor(projection: AnyTableProjection, options: TableApplierOptions) {
    this.#options = options;
    this.#fold = new TableFold(projection);
    this.#target = {
      schema: projectionSchema(options.storeSchema, projection),
      table: projection.table.name,
      columns: this.#fold.columns,
    };
    this.#known = new KnownRows(options.cachedRows);
  }

  async prepare(batch: Batch): Promise<PreparedBatch> {
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      const plan = this.#fold.plan(batch.events, this.#known, onEvent);
      const unknown = plan.rows.filter(({ row }) => row === undefined);
      current = undefined;
      if (unknown.length > 0) {
        await loadRows(this.#options.db, this.#target, unknown, { fold: this.#fold, lock: false });
      }
      this.#fold.fold(plan, onEvent);
      const changes = encodeChanges(this.#fold.columns, plan.rows, onEvent);
      this.#known.endBatch(plan.rows);
      return { batch, write: (lease) => this.#write(batch, changes, lease) };
    } catch (error) {
      throw new BatchFailure(error, current);
    }
  }

  forget(): void {
    this.#known.clear();
  }

  async #write({ from, to }: Batch, changes: EncodedChanges, lease: HeldLease): Promise<boolean> {
    const { db, storeSchema, leaseMs } = this.#options;
    const advance = { lease, leaseMs, from, to };
    try {
      if (changes.kept.count + changes.gone.count === 0)
        return await advanceCheckpoint(db, storeSchema, advance);
      return await writeRowsAndAdvance(db, storeSchema, advance, this.#target, changes);
    } catch (error) {
      throw new BatchFailure(error, undefined);
    }
  }
}
