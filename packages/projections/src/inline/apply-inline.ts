import type { AnyHandlerProjection, AnyProjection, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import type { CompiledQuery, KyselyPlugin, Transaction } from 'kysely';
import { RowCache } from '../fold/row-cache.ts';
import type { FoldedRow } from '../fold/folded-row.ts';
import { TableFold } from '../fold/table-fold.ts';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';
import { loadRows } from '../sql/load-rows.ts';
import { type TableTarget, writeRows } from '../sql/write-rows.ts';
import { projectionSchema } from '../tables/projection-schema.ts';

/** Applies events to a read model inside the transaction of an append, while other appends do the same. */
export interface InlineApplier {
  readonly projection: AnyProjection;
  /** @throws what the projection or the database throws, unchanged */
  apply(tx: Transaction<unknown>, events: readonly RecordedEvent[]): Promise<void>;
}

/** @throws InvalidDefinitionError, InvalidNameError when the definition cannot become tables */
export function inlineApplierOf(projection: AnyProjection, storeSchema: string): InlineApplier {
  const schema = projectionSchema(storeSchema, projection);
  return projection.kind === 'table'
    ? new InlineTable(projection, schema)
    : new InlineHandlers(projection, schema);
}

class InlineHandlers implements InlineApplier {
  readonly projection: AnyHandlerProjection;
  readonly #schema: string;
  readonly #plugin: KyselyPlugin;

  constructor(projection: AnyHandlerProjection, schema: string) {
    this.projection = projection;
    this.#schema = schema;
    this.#plugin = jsonbPlugin([{ schema, projection }]);
  }

  apply(tx: Transaction<unknown>, events: readonly RecordedEvent[]): Promise<void> {
    const send = (query: CompiledQuery<unknown>) => tx.executeQuery(query);
    const tables = tx.withSchema(this.#schema).withPlugin(this.#plugin);
    return this.projection.apply(tables, events, { onEvent: () => {}, send });
  }
}

/**
 * Folds events into rows that other appends may change at the same time.
 *
 * Rows that exist are locked, in the order of their keys, then folded and written. Of two appends that insert the same
 * new row, the second waits for the first at its key, then loads the row and folds again.
 */
class InlineTable implements InlineApplier {
  readonly projection: AnyTableProjection;
  readonly #fold: TableFold;
  readonly #target: TableTarget;

  constructor(projection: AnyTableProjection, schema: string) {
    this.projection = projection;
    this.#fold = new TableFold(projection);
    this.#target = { schema, table: projection.table.name, columns: this.#fold.columns };
  }

  async apply(tx: Transaction<unknown>, events: readonly RecordedEvent[]): Promise<void> {
    const rows: FoldedRow[] = [];
    const plan = this.#fold.plan(events, new RowCache(0), rows, () => {});
    let open = rows.toSorted((one, other) => (one.id < other.id ? -1 : Number(one.id > other.id)));
    while (open.length > 0) {
      await loadRows(tx, this.#target, open, { fold: this.#fold, lock: true });
      const known = new Set(open.filter(({ row }) => row !== null));
      this.#fold.fold(plan, () => {});
      const lost = new Set(await writeRows(tx, this.#target, open, known));
      for (const row of open) row.stored = !lost.has(row);
      open = open.filter(({ stored }) => !stored);
    }
  }
}
