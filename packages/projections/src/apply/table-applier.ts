import type { AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { encodeChanges } from '../fold/encoded-rows.ts';
import { RowCache } from '../fold/row-cache.ts';
import type { FoldedRow } from '../fold/folded-row.ts';
import { TableFold } from '../fold/table-fold.ts';
import { advanceCheckpoint } from '../sql/advance-checkpoint.ts';
import type { HeldLease } from '../sql/leases.ts';
import { loadRows } from '../sql/load-rows.ts';
import { type TableTarget, writeRowsAndAdvance } from '../sql/write-rows.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type BatchApplier, BatchFailure, type PageToApply, type PreparedBatch } from './batch.ts';

export interface TableApplierOptions {
  readonly db: Kysely<unknown>;
  readonly storeSchema: string;
  readonly leaseMs: number;
  /** Rows kept in memory between batches, at most. */
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
 * Folds pages into one table.
 *
 * A batch is one statement, after one more for those of its rows that are not known. What is known is right as long
 * as the lease is held, for nobody else writes the table then; a new lease needs a new applier. It is ahead of the
 * table by the batch that is on its way, so that no row of that batch is read.
 *
 * While one batch is on its way, the next one grows page by page: a row that many events change is written once.
 */
export class TableApplier implements BatchApplier {
  readonly #options: TableApplierOptions;
  readonly #fold: TableFold;
  readonly #target: TableTarget;
  readonly #known: RowCache;
  #folded: PendingBatch | undefined;

  constructor(projection: AnyTableProjection, options: TableApplierOptions) {
    this.#options = options;
    this.#fold = new TableFold(projection);
    this.#target = {
      schema: projectionSchema(options.storeSchema, projection),
      table: projection.table.name,
      columns: this.#fold.columns,
    };
    this.#known = new RowCache(options.cachedRows);
  }

  async prepare({ from, to, events }: PageToApply): Promise<PreparedBatch> {
    const folded = (this.#folded ??= { from, to, eventCount: 0, firstEvent: undefined, rows: [] });
    const before = folded.eventCount;
    folded.to = to;
    folded.eventCount += events.length;
    folded.firstEvent ??= events[0];
    let current: RecordedEvent | undefined;
    const onEvent = (event: RecordedEvent) => {
      current = event;
    };
    try {
      const knownRows = folded.rows.length;
      const plan = this.#fold.plan(events, this.#known, folded.rows, onEvent);
      const unknown = folded.rows.slice(knownRows).filter(({ row }) => row === undefined);
      current = undefined;
      if (unknown.length > 0) {
        await loadRows(this.#options.db, this.#target, unknown, { fold: this.#fold, lock: false });
      }
      this.#fold.fold(plan, onEvent);
    } catch (error) {
      const failing =
        current === undefined ? undefined : { event: current, before: before + events.indexOf(current) };
      throw new BatchFailure(error, { ...folded, failing });
    }
    const { eventCount } = folded;
    return { to, eventCount, grows: true, write: (lease) => this.#write(folded, lease) };
  }

  forget(): void {
    this.#known.clear();
    this.#folded = undefined;
  }

  async #write(folded: PendingBatch, lease: HeldLease): Promise<boolean> {
    const { db, storeSchema, leaseMs } = this.#options;
    const { from, to, rows } = folded;
    const advance = { lease, leaseMs, from, to };
    try {
      const changes = encodeChanges(this.#fold.columns, rows);
      // From here on the rows may change again, for the next batch.
      this.#known.endBatch(rows);
      this.#folded = undefined;
      if (changes.kept.count + changes.gone.count === 0)
        return await advanceCheckpoint(db, storeSchema, advance);
      return await writeRowsAndAdvance(db, storeSchema, advance, this.#target, changes);
    } catch (error) {
      throw new BatchFailure(error, { ...folded, failing: undefined });
    }
  }
}
