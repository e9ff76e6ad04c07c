import type { AnyRow, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { RowCache } from '../fold/row-cache.ts';
import { type FoldedRow, TableFold } from '../fold/table-fold.ts';
import { advanceCheckpoint } from '../sql/advance-checkpoint.ts';
import type { HeldLease } from '../sql/leases.ts';
import { loadRows } from '../sql/load-rows.ts';
import { type TableTarget, writeRowsAndAdvance } from '../sql/write-rows.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type Batch, type BatchApplier, BatchFailure } from './batch.ts';

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

  async apply({ from, to, events }: Batch, lease: HeldLease): Promise<boolean> {
    const { db, storeSchema, leaseMs } = this.#options;
    const advance = { lease, leaseMs, from, to };
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      const plan = this.#fold.plan(events, onEvent);
      current = undefined;
      await this.#load(plan.rows);
      this.#fold.fold(plan, onEvent);
      current = undefined;
      const applied =
        plan.rows.length === 0
          ? await advanceCheckpoint(db, storeSchema, advance)
          : await writeRowsAndAdvance(db, storeSchema, advance, this.#target, plan.rows);
      if (applied) for (const { id, row } of plan.rows) this.#remembered.set(id, row ?? 'absent');
      return applied;
    } catch (error) {
      throw new BatchFailure(error, current);
    }
  }

  forget(): void {
    this.#remembered.clear();
  }

  async #load(rows: readonly FoldedRow[]): Promise<void> {
    const unknown = rows.filter((one) => {
      const remembered = this.#remembered.get(one.id);
      if (remembered !== undefined) one.row = remembered === 'absent' ? null : remembered;
      return remembered === undefined;
    });
    if (unknown.length > 0) await loadRows(this.#options.db, this.#target, unknown, { lock: false });
  }
}
