import type { AnyRow, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { RowCache } from '../fold/row-cache.ts';
import { type FoldPlan, TableFold } from '../fold/table-fold.ts';
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
  readonly #rows: RowCache<AnyRow | 'absent'>;

  constructor(projection: AnyTableProjection, options: TableApplierOptions) {
    this.#options = options;
    this.#fold = new TableFold(projection);
    this.#target = {
      schema: projectionSchema(options.storeSchema, projection),
      table: projection.table.name,
      columns: this.#fold.columns,
    };
    this.#rows = new RowCache(options.cachedRows);
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
      const stored = await this.#rowsOf(plan);
      const changes = this.#fold.fold(plan, stored, onEvent);
      current = undefined;
      const applied =
        changes.length === 0
          ? await advanceCheckpoint(db, storeSchema, advance)
          : await writeRowsAndAdvance(db, storeSchema, advance, this.#target, changes);
      if (applied) for (const { key, row } of changes) this.#rows.set(key.id, row ?? 'absent');
      return applied;
    } catch (error) {
      throw new BatchFailure(error, current);
    }
  }

  forget(): void {
    this.#rows.clear();
  }

  async #rowsOf({ keys }: FoldPlan): Promise<ReadonlyMap<string, AnyRow | null>> {
    const rows = new Map<string, AnyRow | null>();
    const unknown = [];
    for (const key of keys.values()) {
      const remembered = this.#rows.get(key.id);
      if (remembered === undefined) unknown.push(key);
      else rows.set(key.id, remembered === 'absent' ? null : remembered);
    }
    if (unknown.length === 0) return rows;
    const loaded = await loadRows(this.#options.db, this.#target, unknown, { lock: false });
    for (const [id, row] of loaded) rows.set(id, row);
    return rows;
  }
}
