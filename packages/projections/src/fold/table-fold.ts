import type { AnyRow, AnyTableProjection, RecordedEvent } from '@leftfold/core';
import {
  asStoredColumn,
  columnsOf,
  encodeKeyColumn,
  sqlTypes,
  type TableColumn,
  type TableLayout,
} from '@leftfold/core/column';
import type { FoldedRow } from './folded-row.ts';
import type { RowCache } from './row-cache.ts';

/** Events with the rows they change. */
export interface FoldPlan {
  readonly events: readonly RecordedEvent[];
  /** For each event the row that it changes, or the rows. */
  readonly changes: readonly (FoldedRow | readonly FoldedRow[])[];
}

/** Called with each event before it is used, so that the caller knows which event an error comes from. */
export type OnEvent = (event: RecordedEvent) => void;

/** Whether an event changes the row with this id: rows whose events are set aside are left alone. */
export type Includes = (event: RecordedEvent, rowId: string) => boolean;

/** Folds events into the rows of one table, in memory. */
export class TableFold {
  readonly columns: TableLayout;
  readonly #projection: AnyTableProjection;
  /** Every column, so that all rows have one shape: copying it is several times as fast as joining key and rest. */
  readonly #emptyRow: AnyRow;
  /** Columns whose values are read back in another form than they were given in. */
  readonly #json: readonly TableColumn[];

  /** @throws InvalidDefinitionError when the table's definition cannot be stored */
  constructor(projection: AnyTableProjection) {
    this.#projection = projection;
    this.columns = columnsOf(projection.name, projection.table);
    this.#json = this.columns.rest.filter(({ type }) => type === sqlTypes.jsonb);
    const keyless = Object.fromEntries(this.columns.key.map(({ name }) => [name, null]));
    this.#emptyRow = this.#asStored({ ...keyless, ...projection.initialRow }, {});
  }

  /** The row of a key before its first event. */
  newRow(key: AnyRow): Record<string, AnyRow[string]> {
    const row = { ...this.#emptyRow };
    for (const { name } of this.columns.key) row[name] = key[name]!;
    return row;
  }

  /**
   * Finds the rows that each event changes: in the cache, else as rows that are not loaded.
   *
   * @param rows of the batch so far; rows that are new to it are added at the end, each once
   * @param includes of rows that an event changes, those that it changes now. @default all
   * @throws what the projection's `key` throws, and TypeError for an invalid key.
   */
  plan(
    events: readonly RecordedEvent[],
    known: RowCache,
    rows: FoldedRow[],
    onEvent: OnEvent,
    includes?: Includes,
  ): FoldPlan {
    const changes = events.map((event) => {
      onEvent(event);
      const all = this.#projection.keysOf(event);
      const keys = includes === undefined ? all : all.filter((key) => includes(event, this.idOf(key)));
      const [only] = keys;
      if (only !== undefined && keys.length === 1) return this.#rowOf(only, known, rows);
      // An event changes a row once, even if it gives the row's key several times.
      return [...new Set(keys.map((key) => this.#rowOf(key, known, rows)))];
    });
    return { events, changes };
  }

  /** The ids of the rows that an event changes. @throws like {@link plan} */
  rowIdsOf(event: RecordedEvent): readonly string[] {
    return this.#projection.keysOf(event).map((key) => this.idOf(key));
  }

  /** The id of the row with this key. @throws TypeError for an invalid key */
  idOf(key: AnyRow): string {
    const columns = this.columns.key;
    const [first] = columns;
    return columns.length === 1 && first !== undefined
      ? encodeKeyColumn(first, key)
      : JSON.stringify(columns.map((column) => encodeKeyColumn(column, key)));
  }

  #rowOf(key: AnyRow, known: RowCache, batch: FoldedRow[]): FoldedRow {
    const columns = this.columns.key;
    const id = this.idOf(key);
    let row = known.get(id);
    if (row === undefined) {
      const encodedKey = columns.length === 1 ? [id] : columns.map((column) => encodeKeyColumn(column, key));
      const values: Record<string, AnyRow[string]> = {};
      for (const { name, type } of columns) values[name] = type.asKey(key[name]!);
      row = {
        id,
        key: values,
        encodedKey,
        row: undefined,
        batch: undefined,
        stored: false,
      };
      known.add(row);
    }
    if (row.batch !== batch) {
      row.batch = batch;
      batch.push(row);
    }
    return row;
  }

  /**
   * Applies each event to its rows, in order. Rows do not depend on each other.
   *
   * @throws what the projection's `evolve` throws, and TypeError when it does not return a row with the same key.
   */
  fold({ events, changes }: FoldPlan, onEvent: OnEvent): void {
    events.forEach((event, index) => {
      onEvent(event);
      const changed = changes[index]!;
      if (isOne(changed)) this.#change(changed, event);
      else for (const one of changed) this.#change(one, event);
    });
  }

  #change(one: FoldedRow, event: RecordedEvent): void {
    if (one.stored) return;
    one.row = this.#evolve(one, event);
  }

  #evolve(one: FoldedRow, event: RecordedEvent): AnyRow | null {
    const before = one.row ?? this.newRow(one.key);
    const row = this.#projection.evolve(before, event);
    if (row === null) return null;
    if (typeof row !== 'object') {
      throw new TypeError(`"evolve" returned ${typeof row}; return the row, or null to delete it`);
    }
    if (row instanceof Promise) {
      row.catch(() => {}); // told here
      throw new TypeError(
        '"evolve" returned a promise; it has to compute the row at once, from the row and the event alone: use defineProjection for what needs the database',
      );
    }
    const kept = this.#withKey(row, one);
    return this.#json.length === 0 ? kept : this.#asStored(kept, before);
  }

  /** The row with its key as it was: a handler may write it in another form, such as `1.50` for `1.5`. */
  #withKey(row: AnyRow, { key, encodedKey }: FoldedRow): AnyRow {
    const columns = this.columns.key;
    let kept = row;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index]!;
      const { name } = column;
      if (row[name] === key[name]) continue;
      if (!isSameKey(column, row, encodedKey[index])) {
        throw new TypeError(
          `"evolve" changed the key column "${name}"; a row keeps its key: let "key" return several keys to change several rows`,
        );
      }
      kept = { ...kept, [name]: key[name]! };
    }
    return kept;
  }

  /** @param before a row whose values are as they are stored */
  #asStored(row: AnyRow, before: AnyRow): AnyRow {
    let stored = row;
    for (const column of this.#json) {
      const { name } = column;
      const value = row[name];
      if (value === undefined || value === null || value === before[name]) continue;
      const kept = asStoredColumn(column, value);
      if (kept !== value) stored = { ...stored, [name]: kept };
    }
    return stored;
  }
}

function isOne(changed: FoldedRow | readonly FoldedRow[]): changed is FoldedRow {
  return !Array.isArray(changed);
}

function isSameKey(column: TableColumn, row: AnyRow, encoded: string | undefined): boolean {
  try {
    return encodeKeyColumn(column, row) === encoded;
  } catch {
    return false;
  }
}
