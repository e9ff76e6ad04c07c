import type { AnyRow, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import { columnsOf, encodeColumn, type TableColumns } from './table-codec.ts';

/** Which row: its key columns, as values and as Postgres writes them. */
export interface RowKey {
  /** The same for the same row, and for no other. */
  readonly id: string;
  readonly values: AnyRow;
  readonly encoded: readonly (string | null)[];
}

/** An event and the rows it changes. */
export interface FoldStep {
  readonly event: RecordedEvent;
  readonly keys: readonly RowKey[];
}

/** Events with their rows, before anything is known of those rows. */
export interface FoldPlan {
  readonly steps: readonly FoldStep[];
  /** Every row that any step changes, once. */
  readonly keys: ReadonlyMap<string, RowKey>;
}

/** Absent rows are `null`: that a row does not exist is worth remembering too. */
export type Rows = Map<string, AnyRow | null>;

/** What became of one row. */
export interface RowChange {
  readonly key: RowKey;
  /** Null when the row is gone. */
  readonly row: AnyRow | null;
  /** The columns beside the key as Postgres writes them; none when the row is gone. */
  readonly encoded: readonly (string | null)[];
}

/** Told of each event before it is looked at, so that whoever catches an error knows which one it was. */
export type OnEvent = (event: RecordedEvent) => void;

/** Folds events into the rows of one table, in memory. */
export class TableFold {
  readonly columns: TableColumns;
  readonly #projection: AnyTableProjection;

  /** @throws StoreMisconfiguredError when the table's definition cannot be stored */
  constructor(projection: AnyTableProjection) {
    this.#projection = projection;
    this.columns = columnsOf(projection.name, projection.table);
  }

  /** Finds the rows of each event. @throws whatever the projection's `key` throws, and TypeError for a bad key. */
  plan(events: readonly RecordedEvent[], onEvent: OnEvent): FoldPlan {
    const keys = new Map<string, RowKey>();
    const steps = events.map((event) => {
      onEvent(event);
      const rows = this.#projection.keysOf(event);
      if (rows.length === 1) return { event, keys: [this.#keyOf(rows[0]!, keys)] };
      // An event changes a row once, however often its key is named.
      return { event, keys: [...new Set(rows.map((row) => this.#keyOf(row, keys)))] };
    });
    return { steps, keys };
  }

  #keyOf(row: AnyRow, known: Map<string, RowKey>): RowKey {
    const columns = this.columns.key;
    const encoded = columns.map((column) => encodeColumn(column, row));
    const id = encoded.length === 1 ? String(encoded[0]) : JSON.stringify(encoded);
    const already = known.get(id);
    if (already !== undefined) return already;
    const key = { id, values: Object.fromEntries(columns.map(({ name }) => [name, row[name]!])), encoded };
    known.set(id, key);
    return key;
  }

  /**
   * Applies every step to its rows, in order.
   *
   * @param stored every row of the plan as it is now; left as it is.
   * @param only the rows to change; all of them when absent. Rows do not depend on each other.
   * @throws whatever the projection's `evolve` throws, and TypeError for a row that cannot be stored.
   */
  fold(
    plan: FoldPlan,
    stored: ReadonlyMap<string, AnyRow | null>,
    onEvent: OnEvent,
    only?: ReadonlySet<string>,
  ): readonly RowChange[] {
    const changed = new Map<string, { readonly key: RowKey; row: AnyRow | null; event: RecordedEvent }>();
    for (const { event, keys } of plan.steps) {
      onEvent(event);
      for (const key of keys) {
        if (only !== undefined && !only.has(key.id)) continue;
        let change = changed.get(key.id);
        if (change === undefined) {
          change = { key, row: stored.get(key.id) ?? null, event };
          changed.set(key.id, change);
        }
        change.row = this.#evolve(key, change.row, event);
        change.event = event;
      }
    }
    return Array.from(changed.values(), ({ key, row, event }) => {
      if (row === null) return { key, row, encoded: [] };
      onEvent(event);
      return { key, row, encoded: this.columns.rest.map((column) => encodeColumn(column, row)) };
    });
  }

  #evolve(key: RowKey, before: AnyRow | null, event: RecordedEvent): AnyRow | null {
    const row = this.#projection.evolve(before ?? { ...key.values, ...this.#projection.initialRow }, event);
    if (row === null) return null;
    if (typeof row !== 'object')
      throw new TypeError(`"evolve" returned ${typeof row}; return the row, or null to delete it`);
    for (const { name } of this.columns.key) {
      if (!isSame(row[name], key.values[name])) {
        throw new TypeError(
          `"evolve" changed the key column "${name}"; a row keeps its key, return several keys for several rows`,
        );
      }
    }
    return row;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return (
    Object.is(one, other) ||
    one === other ||
    (one instanceof Date && other instanceof Date && one.getTime() === other.getTime())
  );
}
