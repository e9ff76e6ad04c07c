import type { PreparedEvent } from '@leftfold/core/append';

/** What a writer sends for a column of each SQL type. JSON is sent as its text. */
export interface SentValues {
  readonly text: string;
  readonly integer: number;
  readonly jsonb: string;
  readonly 'text[]': readonly string[];
}

/** What a reader gets for a column of each SQL type. */
interface ReadValues {
  readonly text: string;
  readonly integer: number;
  /** JSON is read as its text: an event in memory can take twenty times its bytes, and is made when it is used. */
  readonly jsonb: string;
  readonly 'text[]': readonly string[];
  /** int8 is text, or what the caller's own parsers make of it. */
  readonly bigint: string | number | bigint;
  /** Seconds since 1970: the same text in every session, and quicker to parse than a date. */
  readonly timestamptz: string;
}

export interface EventColumnOf<TType extends keyof SentValues> {
  readonly name: string;
  readonly type: TType;
  readonly of: (event: PreparedEvent) => SentValues[TType];
  /**
   * A SQL literal for a writer that does not send the column. Required for a column that is added after a release:
   * processes of the older release go on appending. Columns with a default come after those without.
   */
  readonly default?: string;
}

/** A column of `events` that a writer sends. */
export type EventColumn = { [T in keyof SentValues]: EventColumnOf<T> }[keyof SentValues];

/**
 * The columns of `events` that a writer sends, each described once: arguments and statements of the append functions,
 * their encoding and the selected columns follow from this. To add a column, add a line here and a migration with
 * `alter table`, then run `npm run generate`.
 */
export const eventColumns = [
  { name: 'event_id', type: 'text', of: ({ id }) => id },
  { name: 'type', type: 'text', of: ({ type }) => type },
  { name: 'schema_version', type: 'integer', of: ({ schemaVersion }) => schemaVersion },
  { name: 'data', type: 'jsonb', of: ({ dataJson }) => dataJson },
  { name: 'metadata', type: 'jsonb', of: ({ metadataJson }) => metadataJson },
  { name: 'tags', type: 'text[]', of: ({ tags }) => tags, default: "'{}'" },
] as const satisfies readonly EventColumn[];

/** The columns of `events` that the append functions set. */
const placeColumns = [
  { name: 'position', type: 'bigint' },
  { name: 'stream_id', type: 'text' },
  { name: 'stream_version', type: 'bigint' },
  { name: 'recorded_at', type: 'timestamptz' },
] as const satisfies readonly ReadColumn[];

interface ReadColumn {
  readonly name: string;
  readonly type: keyof ReadValues;
}

type RowOf<TColumn extends ReadColumn> = {
  readonly [C in TColumn as C['name']]: ReadValues[C['type']];
};

/** A row of `events`, as the store's statements select it. */
export type EventRow = RowOf<(typeof placeColumns)[number] | (typeof eventColumns)[number]>;

/** The name of a column's argument in the append functions. */
export function argumentOf(name: string): string {
  return name.startsWith('event_') ? name : `event_${name}`;
}

/** The select list of the columns. */
export function selectListOf(columns: readonly ReadColumn[]): string {
  return [...placeColumns, ...columns]
    .map(({ name, type }: ReadColumn) => {
      if (type === 'timestamptz') return `extract(epoch from ${name})::pg_catalog.text as ${name}`;
      return type === 'jsonb' ? `${name}::pg_catalog.text` : name;
    })
    .join(', ');
}

/** The select list for {@link EventRow}. */
export const eventSelectList = selectListOf(eventColumns);
