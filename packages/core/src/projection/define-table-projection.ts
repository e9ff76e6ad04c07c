import { assertInitialRow, columnsOf } from '../column/table-layout.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { MetadataSchema } from '../event/metadata.ts';
import { frozen } from '../fold/frozen.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { assertTableProjectionOptions } from './assert-projection-options.ts';
import type { AnyRow, Columns, Row, TableDefinition } from './columns.ts';
import type { OnFailure, ProjectionMode } from './define-projection.ts';
import type { ProjectedEvent } from './projected-event.ts';
import { reading } from '../input/reading.ts';
import { sourceOf } from '../input/source-of.ts';

/** Returns the keys of the rows that an event changes. */
type KeyFunction<TEvent extends RecordedEvent, TColumns extends Columns> = (
  event: TEvent,
) => Partial<Row<TColumns>> | readonly Partial<Row<TColumns>>[] | null;

/** One of the keys that a key function returns. */
type KeyRow<TKey> = TKey extends (...input: never) => infer TResult
  ? TResult extends readonly (infer TRow)[]
    ? TRow
    : NonNullable<TResult>
  : never;

type KeyColumn<TKey> = KeyRow<TKey> extends infer TRow ? (TRow extends TRow ? keyof TRow : never) : never;

/** The columns of the key, as far as the type of the key function tells them. */
type PrimaryKeyColumn<TKey, TColumns extends Columns> =
  string extends KeyColumn<TKey> ? keyof TColumns & string : KeyColumn<TKey> & keyof TColumns & string;

/** A key column that does not exist, or may be missing in a result, does not compile. */
type KnownKeyOnly<TKey, TColumns extends Columns> = (...input: never) => OneOrMore<{
  readonly [TColumn in KeyColumn<TKey>]: TColumn extends keyof TColumns
    ? NonNullable<Row<TColumns>[TColumn]>
    : never;
}>;

type OneOrMore<TRow> = TRow | readonly TRow[] | null;

/** How one event changes a row. `null` deletes the row. Pure: it runs in memory. */
export type RowHandlers<TEvent extends RecordedEvent, TColumns extends Columns> = {
  readonly [TType in TEvent['type']]?: (
    row: Row<TColumns>,
    event: Extract<TEvent, { readonly type: TType }>,
  ) => Row<TColumns> | null;
};

/**
 * A handler for an unknown event, or a result with an unknown column, does not compile. TypeScript by itself allows
 * extra properties in a function's result, so that a misspelt column would be lost.
 */
type KnownOnly<THandlers, TEvent extends RecordedEvent, TColumns extends Columns> = {
  readonly [TType in keyof THandlers]: TType extends TEvent['type']
    ? THandlers[TType] extends (...input: never) => infer TRow
      ? (...input: never) => { readonly [TColumn in UnknownColumn<TRow, TColumns>]?: never } | null
      : unknown
    : never;
};

type UnknownColumn<TRow, TColumns> = Exclude<TRow extends null ? never : keyof TRow, keyof TColumns>;

/** Options of {@link defineTableProjection}. */
export interface TableProjectionOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TColumns extends Columns,
  TKey,
  THandlers,
  TMetadata extends MetadataSchema = MetadataSchema,
> {
  /**
   * Names the projection, its checkpoint, its Postgres schema and its table: 1 to 30 lower-case letters, digits and `_`,
   * beginning with a letter.
   */
  readonly name: TName;
  /** Increase it when columns, `key` or `evolve` change: each version has its own table. @default 1 */
  readonly version?: number;
  /** @default 'async' */
  readonly mode?: ProjectionMode;
  readonly events: TGroups;
  /** The app's schema of its metadata fields: it types `event.metadata`. Nothing is parsed again. @default none */
  readonly metadata?: TMetadata;
  readonly columns: TColumns;
  /** The key of the row that an event changes; a list of keys for several rows, `null` for none. */
  readonly key: TKey &
    KeyFunction<ProjectedEvent<TGroups, TMetadata>, NoInfer<TColumns>> &
    KnownKeyOnly<NoInfer<TKey>, NoInfer<TColumns>>;
  /** Values of all columns outside of the key, before the row's first event. It is frozen. */
  readonly initialRow: Omit<Row<NoInfer<TColumns>>, KeyColumn<NoInfer<TKey>>>;
  /** Handlers by event type. The projection reads only events that have a handler. */
  readonly evolve: THandlers &
    RowHandlers<ProjectedEvent<TGroups, TMetadata>, NoInfer<TColumns>> &
    KnownOnly<NoInfer<THandlers>, ProjectedEvent<TGroups, TMetadata>, NoInfer<TColumns>>;
  /** Columns of each index beside the primary key. @default none */
  readonly indexes?: readonly (readonly (keyof NoInfer<TColumns> & string)[])[];
  /**
   * What happens at an event that fails again and again. `stop`: the projection stops at it. `park`: the event and all
   * later ones of its row are set aside until an operator resumes the row or gives the event up; other rows go on. Not
   * for an inline projection, where the append fails instead.
   *
   * @default 'stop'
   */
  readonly onFailure?: OnFailure;
  /**
   * How many slices the events are divided into, by the rows that they change: at most 1024. As many processes can apply them at the
   * same time; the processes share the slices out evenly. It may change without a new version. Not for an inline
   * projection, which each append applies.
   *
   * @default 1
   */
  readonly slices?: number;
}

/** The part of a table projection that the framework uses, without its types. */
export interface AnyTableProjection {
  readonly kind: 'table';
  readonly name: string;
  readonly version: number;
  readonly mode: ProjectionMode;
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  /** Source text of its functions: a process with another text runs another release of it. */
  readonly code: readonly string[];
  readonly tables: readonly TableDefinition[];
  readonly table: TableDefinition;
  readonly initialRow: AnyRow;
  readonly onFailure: OnFailure;
  readonly slices: number;
  /** Keys of the rows that an event changes. */
  keysOf(event: RecordedEvent): readonly AnyRow[];
  evolve(row: AnyRow, event: RecordedEvent): AnyRow | null;
}

/** A read model with one table, folded in memory and written in batches. */
export interface TableProjection<
  TName extends string,
  TColumns extends Columns,
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
  TKeyColumn extends keyof TColumns & string = keyof TColumns & string,
> extends AnyTableProjection {
  readonly name: TName;
  readonly events: TGroups;
  readonly columns: TColumns;
  readonly table: TableDefinition & { readonly primaryKey: readonly TKeyColumn[] };
}

/** The key of a row of a table projection. */
export type KeyOf<TProjection> =
  TProjection extends TableProjection<string, infer TColumns, readonly AnyEventGroup[], infer TKeyColumn>
    ? Pick<Row<TColumns>, TKeyColumn>
    : AnyRow;

/** A row of a table projection. */
export type RowOf<TProjection> =
  TProjection extends TableProjection<string, infer TColumns> ? Row<TColumns> : AnyRow;

/**
 * Defines a read model with one table: which row an event changes, and how.
 *
 * The primary key consists of the columns that `initialRow` does not have. Events are folded in memory in log order.
 * Each batch is written by one statement, in one transaction with the checkpoint.
 *
 * @example
 * ```ts
 * export const balances = defineTableProjection({
 *   name: 'balances',
 *   events: [accountEvents],
 *   columns: { account_id: 'text', cents: 'bigint' },
 *   key: ({ streamId }) => ({ account_id: streamId }),
 *   initialRow: { cents: 0 },
 *   evolve: {
 *     'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
 *   },
 * });
 * ```
 *
 * @throws InvalidNameError when the projection's name or a column is not a plain lower-case SQL name.
 * @throws InvalidDefinitionError when there is no key column, a column has an unknown type, the table cannot store the
 * initial row, or an inline projection parks events.
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 */
export function defineTableProjection<
  const TName extends string,
  const TGroups extends readonly AnyEventGroup[],
  const TColumns extends Columns,
  TKey extends KeyFunction<ProjectedEvent<TGroups, TMetadata>, NoInfer<TColumns>>,
  THandlers extends RowHandlers<ProjectedEvent<TGroups, TMetadata>, NoInfer<TColumns>>,
  TMetadata extends MetadataSchema = MetadataSchema,
>(
  options: TableProjectionOptions<TName, TGroups, TColumns, TKey, THandlers, TMetadata>,
): TableProjection<TName, TColumns, TGroups, PrimaryKeyColumn<TKey, TColumns>> {
  assertTableProjectionOptions(options);
  const {
    name,
    columns,
    version = 1,
    mode = 'async',
    indexes = [],
    onFailure = 'stop',
    slices = 1,
  } = options;
  // Sound: the columns that "key" returns are the ones that the type of initialRow leaves out.
  const primaryKey = Object.keys(columns).filter(
    (column) => !Object.hasOwn(options.initialRow, column),
  ) as PrimaryKeyColumn<TKey, TColumns>[];
  if (primaryKey.length === 0) {
    throw new InvalidDefinitionError(
      `projection "${name}" has no key; leave the key's columns out of initialRow`,
    );
  }
  const table = { name, columns, primaryKey, indexes };
  assertInitialRow(name, columnsOf(name, table), options.initialRow);
  // Sound: each handler is called with rows of these columns and events of its type.
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
    code: [options.key, ...Object.values(options.evolve)].map(sourceOf),
    columns,
    tables: [table],
    table,
    onFailure,
    slices,
    initialRow: reading('initialRow', () => frozen(options.initialRow as AnyRow)),
    keysOf(event) {
      const keys = options.key(event as ProjectedEvent<TGroups, TMetadata>) as OneOrMore<AnyRow>;
      if (keys === null) return [];
      const all = isList(keys) ? keys : [keys];
      for (const key of all) assertKey(key);
      return all;
    },
    evolve: (row, event) => {
      const handler = handlers[event.type];
      return handler === undefined ? row : handler(row, event);
    },
  };
}

/** One without a type, from plain JavaScript, may be anything. @throws TypeError */
function assertKey(key: unknown): void {
  if (typeof key === 'object' && key !== null) return;
  throw new TypeError(
    `"key" returned ${key === null ? 'null in a list' : typeof key}; return the key's columns, a list of such keys, or null for an event that changes no row`,
  );
}

function isList(keys: AnyRow | readonly AnyRow[]): keys is readonly AnyRow[] {
  return Array.isArray(keys);
}
