import type { Transaction } from 'kysely';
import { columnsOf } from '../column/table-layout.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { MetadataSchema } from '../event/metadata.ts';
import { assertProjectionOptions, typesOf } from './assert-projection-options.ts';
import type { Columns, Row, TableDefinition } from './columns.ts';
import { type HandlerResult, type HandlerRun, runHandlers } from './handlers.ts';
import type { ProjectedEvent } from './projected-event.ts';
import { sourceOf } from '../input/source-of.ts';

/**
 * When a projection is applied: `inline` in the append's transaction, `async` by a runner after the append.
 */
export type ProjectionMode = 'inline' | 'async';

/** What happens at an event that fails again and again: the projection stops, or the event's key is parked. */
export type OnFailure = 'stop' | 'park';

/** Columns by table name. */
export type TableSchemas = Readonly<Record<string, Columns>>;

/** The tables of a read model as kysely types them. */
export type ReadModel<TTables extends TableSchemas> = { [TTable in keyof TTables]: Row<TTables[TTable]> };

interface AnyTableOptions {
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** Columns of each index beside the primary key. @default none */
  readonly indexes?: readonly (readonly string[])[];
}

interface TableOptions<TColumns extends Columns> extends AnyTableOptions {
  readonly columns: TColumns;
  readonly primaryKey: readonly (keyof NoInfer<TColumns> & string)[];
  readonly indexes?: readonly (readonly (keyof NoInfer<TColumns> & string)[])[];
}

interface CommonOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TTables extends TableSchemas,
  TMetadata extends MetadataSchema,
> {
  /**
   * Names the projection, its checkpoint and its Postgres schema: 1 to 30 lower-case letters, digits and `_`, beginning with a
   * letter.
   */
  readonly name: TName;
  /** Increase it when tables or handlers change: each version has its own tables. @default 1 */
  readonly version?: number;
  /** @default 'async' */
  readonly mode?: ProjectionMode;
  readonly events: TGroups;
  /** The app's schema of its metadata fields: it types `event.metadata`. Nothing is parsed again. @default none */
  readonly metadata?: TMetadata;
  readonly tables: { readonly [TTable in keyof TTables]: TableOptions<TTables[TTable]> };
  /**
   * What happens at an event that fails again and again. `stop`: the projection stops at it. `park`: the event and all
   * later ones of its key are set aside until an operator resumes the key or gives the event up; other keys go on.
   * Not for an inline projection, where the append fails instead.
   *
   * @default 'stop'
   */
  readonly onFailure?: OnFailure;
  /**
   * How many slices the events are divided into, by `key`: at most 1024. As many processes can apply them at the
   * same time; the processes share the slices out evenly. It may change without a new version. Not for an inline
   * projection, which each append applies.
   *
   * @default 1
   */
  readonly slices?: number;
  /**
   * The key of an event: what `park` holds up together, and what is in one slice. Handlers of events with different keys
   * must not depend on each other, or write the same row. Up to 300 characters are stored as they are.
   *
   * @default the id of the event's stream
   */
  readonly key?: (event: ProjectedEvent<TGroups, TMetadata>) => string;
}

/**
 * Handlers by event type. Each runs in the transaction that moves the checkpoint: a crash can neither skip nor repeat
 * it.
 *
 * A handler that does not need results returns its statements instead of executing them. The statements of many events
 * are then sent without waiting for each other.
 */
type EventHandlers<TEvent extends RecordedEvent, TTables extends TableSchemas> = {
  readonly [TType in TEvent['type']]?: (
    tx: Transaction<ReadModel<TTables>>,
    event: Extract<TEvent, { readonly type: TType }>,
  ) => HandlerResult;
};

interface EachOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TTables extends TableSchemas,
  TMetadata extends MetadataSchema,
> extends CommonOptions<TName, TGroups, TTables, TMetadata> {
  readonly on: EventHandlers<ProjectedEvent<TGroups, TMetadata>, NoInfer<TTables>>;
  readonly onBatch?: never;
}

interface BatchOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TTables extends TableSchemas,
  TMetadata extends MetadataSchema,
> extends CommonOptions<TName, TGroups, TTables, TMetadata> {
  /**
   * Called with all events of `events`, a batch at a time in log order, in the transaction that moves the checkpoint.
   */
  readonly onBatch: (
    tx: Transaction<ReadModel<NoInfer<TTables>>>,
    events: readonly ProjectedEvent<TGroups, TMetadata>[],
  ) => HandlerResult;
  readonly on?: never;
}

/** Options of {@link defineProjection}: `on` with a handler for each event type, or `onBatch`. */
export type ProjectionOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TTables extends TableSchemas,
  TMetadata extends MetadataSchema = MetadataSchema,
> = EachOptions<TName, TGroups, TTables, TMetadata> | BatchOptions<TName, TGroups, TTables, TMetadata>;

/** The part of a general projection that the framework uses, without its types. */
export interface AnyHandlerProjection {
  readonly kind: 'handlers';
  readonly name: string;
  readonly version: number;
  readonly mode: ProjectionMode;
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  /** Source text of its functions: a process with another text runs another release of it. */
  readonly code: readonly string[];
  readonly tables: readonly TableDefinition[];
  readonly onFailure: OnFailure;
  readonly slices: number;
  /** What an event is parked with. @throws what the option `key` throws; TypeError when it returns no text */
  keyOf(event: RecordedEvent): string;
  /** Applies events in their order. @throws the error of a handler or of one of its statements */
  apply(tx: Transaction<unknown>, events: readonly RecordedEvent[], run: HandlerRun): Promise<void>;
}

/** A read model with any tables, written by handlers with a kysely transaction. */
export interface HandlerProjection<
  TName extends string,
  TTables extends TableSchemas,
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
> extends AnyHandlerProjection {
  readonly name: TName;
  readonly events: TGroups;
  readonly columnsByTable: TTables;
}

/**
 * Defines a read model with any tables. Its handlers write them with kysely.
 *
 * Handlers need not be idempotent: their writes and the checkpoint commit in one transaction. They must write only with
 * the transaction that they are given.
 *
 * @example
 * ```ts
 * export const owners = defineProjection({
 *   name: 'owners',
 *   events: [accountEvents],
 *   tables: { owners: { columns: { account_id: 'text', owner: 'text' }, primaryKey: ['account_id'] } },
 *   on: {
 *     'account.opened': (tx, { streamId, data }) =>
 *       tx.insertInto('owners').values({ account_id: streamId, owner: data.owner }),
 *   },
 * });
 * ```
 *
 * @throws InvalidNameError when the projection's name, a table or a column is not a plain lower-case SQL name.
 * @throws InvalidDefinitionError when a column has an unknown type, a key or an index names no column, or an inline
 * projection parks events.
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 */
export function defineProjection<
  const TName extends string,
  const TGroups extends readonly AnyEventGroup[],
  const TTables extends TableSchemas,
  TMetadata extends MetadataSchema = MetadataSchema,
>(
  options: ProjectionOptions<TName, TGroups, TTables, TMetadata>,
): HandlerProjection<TName, TTables, TGroups> {
  assertProjectionOptions(options);
  const { name, events, version = 1, mode = 'async', onFailure = 'stop', slices = 1 } = options;
  const tableOptions: Readonly<Record<string, AnyTableOptions>> = options.tables;
  const tables = Object.entries(tableOptions).map(([table, { columns, primaryKey, indexes = [] }]) => ({
    name: table,
    columns,
    primaryKey,
    indexes,
  }));
  for (const table of tables) columnsOf(name, table);
  return {
    kind: 'handlers',
    name,
    version,
    mode,
    events,
    eventTypes: options.on === undefined ? typesOf(events) : Object.keys(options.on),
    code: functionsOf(options).map(sourceOf),
    onFailure,
    slices,
    keyOf: keyFunctionOf(name, options.key as ((event: RecordedEvent) => unknown) | undefined),
    tables,
    // Sound: the tables and columns are those of the options.
    columnsByTable: Object.fromEntries(tables.map(({ name: table, columns }) => [table, columns])) as TTables,
    apply: applierOf(options),
  };
}

function functionsOf(options: {
  readonly on?: unknown;
  readonly onBatch?: unknown;
  readonly key?: unknown;
}): readonly unknown[] {
  const handlers: readonly unknown[] =
    options.on === undefined ? [options.onBatch] : Object.values(options.on as object);
  return options.key === undefined ? handlers : [...handlers, options.key];
}

function keyFunctionOf(
  name: string,
  key: ((event: RecordedEvent) => unknown) | undefined,
): AnyHandlerProjection['keyOf'] {
  if (key === undefined) return ({ streamId }) => streamId;
  return (event) => {
    const found = key(event);
    if (typeof found !== 'string')
      throw new TypeError(`"key" of projection "${name}" returned ${typeof found}; return a text`);
    return found;
  };
}

type Handler = (tx: Transaction<unknown>, event: RecordedEvent) => HandlerResult;
type BatchHandler = (tx: Transaction<unknown>, events: readonly RecordedEvent[]) => HandlerResult;

function applierOf(options: {
  readonly on?: unknown;
  readonly onBatch?: unknown;
}): AnyHandlerProjection['apply'] {
  // The runner passes each handler only the events and tables that it was defined with.
  if (options.onBatch !== undefined) {
    const onBatch = options.onBatch as BatchHandler;
    return (tx, events, run) =>
      runHandlers(tx, [{ event: undefined, result: () => onBatch(tx, events) }], run);
  }
  const handlers = options.on as Readonly<Record<string, Handler | undefined>>;
  return (tx, events, run) =>
    runHandlers(
      tx,
      events.map((event) => ({ event, result: () => handlers[event.type]?.(tx, event) })),
      run,
    );
}
