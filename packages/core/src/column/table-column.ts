import { thrownText } from '../errors/thrown.ts';
import type { AnyRow, ColumnType, SqlTypes } from '../projection/columns.ts';
import type { SqlType } from './sql-type.ts';
import { sqlTypes } from './sql-types.ts';

/** A column of a read model. */
export interface TableColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
}

const NULL_SUFFIX = ' null';

/**
 * @param declared the type in a definition: `'text'`, `'text null'`
 * @returns undefined when the type does not exist
 */
export function tableColumn(name: string, declared: ColumnType): TableColumn | undefined {
  const nullable = declared.endsWith(NULL_SUFFIX);
  const type = nullable ? declared.slice(0, -NULL_SUFFIX.length) : declared;
  return isSqlType(type) ? { name, type: sqlTypes[type], nullable } : undefined;
}

function isSqlType(type: string): type is keyof SqlTypes {
  return Object.hasOwn(sqlTypes, type);
}

/** @throws TypeError with the column's name when its value cannot be stored. */
export function encodeColumn(column: TableColumn, row: AnyRow): string | null {
  const value = row[column.name];
  if (value === null && column.nullable) return null;
  try {
    return column.type.encode(value);
  } catch (error) {
    throw namingColumn(column, error);
  }
}

/**
 * The text of a key column, the same for all values that Postgres compares as equal.
 *
 * @throws TypeError with the column's name when its value cannot be stored.
 */
export function encodeKeyColumn(column: TableColumn, key: AnyRow): string {
  try {
    return column.type.encodeKey(key[column.name]);
  } catch (error) {
    throw namingColumn(column, error);
  }
}

/**
 * A value of a column in the form in which it is read back.
 *
 * @throws TypeError with the column's name when the value cannot be stored.
 */
export function asStoredColumn(column: TableColumn, value: NonNullable<AnyRow[string]>): AnyRow[string] {
  try {
    return column.type.asStored(value);
  } catch (error) {
    throw namingColumn(column, error);
  }
}

/** @param text the result of the type's `select` */
export function decodeColumn({ type }: TableColumn, text: string | null): AnyRow[string] {
  return text === null ? null : type.decode(text);
}

function namingColumn({ name }: TableColumn, cause: unknown): TypeError {
  return new TypeError(`column "${name}": ${thrownText(cause)}`, { cause });
}
