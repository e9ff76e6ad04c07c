import type { AnyEventGroup, RecordedEventOf } from '../event/define-events.ts';
import type { RecordedEvent } from '../event/event.ts';
import { frozen } from '../fold/frozen.ts';
import { assertProjectionName, assertSqlName } from '../naming/names.ts';
import type { AnyRow, Columns, Row, TableDefinition } from './columns.ts';
import type { ProjectionMode } from './define-projection.ts';

/** Finds the rows of an event: the values of their key columns. */
type KeyFunction<TEvent extends RecordedEvent, TColumns extends Columns> = (
  event: TEvent,
) => Partial<Row<TColumns>> | readonly Partial<Row<TColumns>>[] | null;

/** One of the rows a key function names. */
type KeyRow<TKey> = TKey extends (...input: never) => infer TResult
  ? TResult extends readonly (infer TRow)[]
    ? TRow
    : NonNullable<TResult>
  : never;

type KeyColumn<TKey> = KeyRow<TKey> extends infer TRow ? (TRow extends TRow ? keyof TRow : never) : never;

/** Refuses key columns that do not exist, or may be missing in a result. */
type KnownKeyOnly<TKey, TColumns extends Columns> = (...input: never) => OneOrMore<{
  readonly [TColumn in KeyColumn<TKey>]: TColumn extends keyof TColumns
    ? NonNullable<Row<TColumns>[TColumn]>
    : never;
}>;

type OneOrMore<TRow> = TRow | readonly TRow[] | null;

/** How one event changes its row. `null` deletes the row. Pure: it runs in memory, batch by batch. */
export type RowHandlers<TEvent extends RecordedEvent, TColumns extends Columns> = {
  readonly [TType in TEvent['type']]?: (
    row: Row<TColumns>,
    event: Extract<TEvent, { readonly type: TType }>,
  ) => Row<TColumns> | null;
};

/**
 * Refuses handlers for unknown events, and results with a column that does not exist: TypeScript lets extra
 * properties pass in what a function returns, and a misspelt column would be lost in silence.
 */
type KnownOnly<THandlers, TEvent extends RecordedEvent, TColumns extends Columns> = {
  readonly [TType in keyof THandlers]: TType extends TEvent['type']
    ? THandlers[TType] extends (...input: never) => infer TRow
      ? (...input: never) => { readonly [TColumn in UnknownColumn<TRow, TColumns>]?: never } | null
      : unknown
    : never;
};

type UnknownColumn<TRow, TColumns> = Exclude<TRow extends null ? never : keyof TRow, keyof TColumns>;

/** What {@link defineTableProjection} takes. */
export interface TableProjectionOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TColumns extends Columns,
  TKey,
  THandlers,
> {
  /** Checkpoint key, and the table's name. */
  readonly name: TName;
  /** Raise it when columns or rules change: each version has a table of its own. @default 1 */
  readonly version?: number;
  /** @default 'async' */
  readonly mode?: ProjectionMode;
  readonly events: TGroups;
  readonly columns: TColumns;
  /** Which row an event belongs to; several for several rows, `null` for none. */
  readonly key: TKey &
    KeyFunction<RecordedEventOf<TGroups[number]>, NoInfer<TColumns>> &
    KnownKeyOnly<NoInfer<TKey>, NoInfer<TColumns>>;
  /** Every column that is not part of the key, as it is before a row's first event. It is frozen. */
  readonly initialRow: Omit<Row<NoInfer<TColumns>>, KeyColumn<NoInfer<TKey>>>;
  /** Handlers by event type; the projection reads only events that have one. */
  readonly evolve: THandlers &
    RowHandlers<RecordedEventOf<TGroups[number]>, NoInfer<TColumns>> &
    KnownOnly<NoInfer<THandlers>, RecordedEventOf<TGroups[number]>, NoInfer<TColumns>>;
  /** Columns of further indexes. */
  readonly indexes?: readonly (readonly (keyof NoInfer<TColumns> & string)[])[];
}

/** The part of a table projection that the framework works with, whatever its types. */
export interface AnyTableProjection {
  readonly kind: 'table';
  readonly name: string;
  readonly version: number;
  readonly mode: ProjectionMode;
  readonly events: readonly AnyEventGroup[];
  /** The only event types it reads. */
  readonly eventTypes: readonly string[];
  readonly tables: readonly TableDefinition[];
  readonly table: TableDefinition;
  readonly initialRow: AnyRow;
  /** Primary keys of the rows that an event changes. */
  keysOf(event: RecordedEvent): readonly AnyRow[];
  evolve(row: AnyRow, event: RecordedEvent): AnyRow | null;
}

/** A read model of one table, folded in memory and written in bulk. */
export interface TableProjection<TName extends string, TColumns extends Columns> extends AnyTableProjection {
  readonly name: TName;
  readonly columns: TColumns;
}

/**
 * Declares a read model of one table: which row an event belongs to, and how it changes that row.
 *
 * The primary key is made of the columns that `initialRow` leaves out. Events are folded in memory in the order of
 * the log and each batch is written with one statement, in one transaction with the checkpoint.
 *
 * @throws InvalidNameError when the projection's name or a column is not a plain lower-case SQL name.
 * @throws TypeError when there is no key column.
 */
export function defineTableProjection<
  const TName extends string,
  const TGroups extends readonly AnyEventGroup[],
  const TColumns extends Columns,
  TKey extends KeyFunction<RecordedEventOf<TGroups[number]>, NoInfer<TColumns>>,
  THandlers extends RowHandlers<RecordedEventOf<TGroups[number]>, NoInfer<TColumns>>,
>(
  options: TableProjectionOptions<TName, TGroups, TColumns, TKey, THandlers>,
): TableProjection<TName, TColumns> {
  const { name, columns, version = 1, mode = 'async', indexes = [] } = options;
  assertProjectionName(name);
  for (const column of Object.keys(columns)) assertSqlName(`column of "${name}"`, column);
  const primaryKey = Object.keys(columns).filter((column) => !Object.hasOwn(options.initialRow, column));
  if (primaryKey.length === 0) {
    throw new TypeError(`projection "${name}" has no key: leave the key's columns out of initialRow`);
  }
  const table: TableDefinition = { name, columns, primaryKey, indexes };
  // Handlers by type, and rows by column, are what they are in the options; a lookup by a plain string forgets it.
  const handlers = options.evolve as Readonly<
    Record<string, ((row: AnyRow, event: RecordedEvent) => AnyRow | null) | undefined>
  >;
  return {
    kind: 'table',
    name,
    version,
    mode,
    events: options.events,
    eventTypes: Object.keys(options.evolve),
    columns,
    tables: [table],
    table,
    initialRow: frozen(options.initialRow as AnyRow),
    keysOf(event) {
      const keys = options.key(event as RecordedEventOf<TGroups[number]>) as OneOrMore<AnyRow>;
      if (keys === null) return [];
      return isList(keys) ? keys : [keys];
    },
    evolve: (row, event) => {
      const handler = handlers[event.type];
      return handler === undefined ? row : handler(row, event);
    },
  };
}

function isList(keys: AnyRow | readonly AnyRow[]): keys is readonly AnyRow[] {
  return Array.isArray(keys);
}
