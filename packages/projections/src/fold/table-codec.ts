import {
  type AnyRow,
  type ColumnType,
  InvalidDefinitionError,
  type SqlTypes,
  type TableDefinition,
} from '@leftfold/core';
import { type ColumnCodec, columnCodecs, type AnyColumnValue } from './column-codec.ts';

/** A column with what its type means. */
export interface TableColumn {
  readonly name: string;
  /** The SQL type, without its `null`. */
  readonly type: keyof SqlTypes;
  readonly nullable: boolean;
  readonly codec: ColumnCodec;
}

/** The columns of one table: those of the primary key, and the others. */
export interface TableLayout {
  readonly key: readonly TableColumn[];
  readonly rest: readonly TableColumn[];
}

/**
 * @throws InvalidDefinitionError for a type that is not one of `SqlTypes`, a primary key of a column that does not
 * exist, may be null or holds JSON, and an index of a column that does not exist.
 */
export function columnsOf(projection: string, table: TableDefinition): TableLayout {
  const where = `table "${table.name}" of projection "${projection}"`;
  const columns = Object.entries(table.columns).map(([name, type]) => toColumn(where, name, type));
  const key = table.primaryKey.map((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined)
      throw new InvalidDefinitionError(`the key of ${where} names "${name}", which is no column of it`);
    if (column.nullable || column.type === 'jsonb') {
      throw new InvalidDefinitionError(
        `column "${name}" of ${where} cannot be part of the key: it is "${table.columns[name]}"`,
      );
    }
    return column;
  });
  for (const name of table.indexes.flat()) {
    if (table.columns[name] === undefined) {
      throw new InvalidDefinitionError(`an index of ${where} names "${name}", which is no column of it`);
    }
  }
  return { key, rest: columns.filter((column) => !key.includes(column)) };
}

function toColumn(where: string, name: string, declared: ColumnType): TableColumn {
  const nullable = declared.endsWith(' null');
  const type = nullable ? declared.slice(0, -' null'.length) : declared;
  if (!isSqlType(type)) {
    const known = Object.keys(columnCodecs).join(', ');
    throw new InvalidDefinitionError(
      `column "${name}" of ${where} is "${declared}"; use one of ${known}, or one of them and " null"`,
    );
  }
  return { name, type, nullable, codec: columnCodecs[type] };
}

function isSqlType(type: string): type is keyof SqlTypes {
  return Object.hasOwn(columnCodecs, type);
}

/** @throws TypeError naming the column, when its value cannot be stored. */
export function encodeColumn(column: TableColumn, row: AnyRow): string | null {
  const value = row[column.name];
  if (value === null && column.nullable) return null;
  try {
    return column.codec.encode(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`column "${column.name}": ${reason}`, { cause });
  }
}

export function decodeColumn(column: TableColumn, text: string | null): AnyColumnValue {
  return text === null ? null : column.codec.decode(text);
}

/** Writes one column's values as a Postgres array. */
export function arrayLiteral<TRow>(
  { codec }: TableColumn,
  rows: readonly TRow[],
  textOf: (row: TRow) => string | null,
): string {
  let literal = '{';
  for (const row of rows) {
    if (literal.length > 1) literal += ',';
    const text = textOf(row);
    if (text === null) literal += 'NULL';
    else literal += codec.quoted ? quoted(text) : text;
  }
  return `${literal}}`;
}

function quoted(text: string): string {
  return `"${needsEscape.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

const needsEscape = /["\\]/;
