import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { thrownText } from '../errors/thrown.ts';
import type { AnyRow, TableDefinition } from '../projection/columns.ts';
import { sqlTypes } from './sql-types.ts';
import { encodeColumn, type TableColumn, tableColumn } from './table-column.ts';

/** The columns of one table: those of the primary key, and the others. */
export interface TableLayout {
  readonly key: readonly TableColumn[];
  readonly rest: readonly TableColumn[];
}

/**
 * @throws InvalidDefinitionError for a type that is not one of `SqlTypes`, a primary key of a column that does not
 * exist, may be null or holds JSON, an index of a column that does not exist, a key or an index without columns or with
 * one twice, and more columns than Postgres takes.
 */
export function columnsOf(projection: string, table: TableDefinition): TableLayout {
  const where = `table "${table.name}" of projection "${projection}"`;
  const columns = Object.entries(table.columns).map(([name, declared]) => {
    const column = tableColumn(name, declared);
    if (column !== undefined) return column;
    const known = Object.keys(sqlTypes).join(', ');
    throw new InvalidDefinitionError(
      `column "${name}" of ${where} is "${declared}"; use one of ${known}, or one of them and " null"`,
    );
  });
  if (columns.length > MAX_COLUMNS)
    throw new InvalidDefinitionError(`${where} has ${columns.length} columns, the limit is ${MAX_COLUMNS}`);
  assertIndexed(`the key of ${where}`, table.primaryKey);
  for (const index of table.indexes) assertIndexed(`an index of ${where}`, index);
  const key = table.primaryKey.map((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined)
      throw new InvalidDefinitionError(`the key of ${where} names "${name}", which is no column of it`);
    if (column.nullable || !column.type.isKey) {
      throw new InvalidDefinitionError(
        `column "${name}" of ${where} cannot be part of the key: it is "${table.columns[name]}"`,
      );
    }
    return column;
  });
  for (const name of table.indexes.flat()) {
    if (!Object.hasOwn(table.columns, name)) {
      throw new InvalidDefinitionError(`an index of ${where} names "${name}", which is no column of it`);
    }
  }
  return { key, rest: columns.filter((column) => !key.includes(column)) };
}

/** Limits of Postgres. */
const MAX_COLUMNS = 1_600;
const MAX_INDEXED = 32;

function assertIndexed(what: string, names: readonly string[]): void {
  if (names.length === 0) throw new InvalidDefinitionError(`${what} has no columns; name at least one`);
  if (names.length > MAX_INDEXED)
    throw new InvalidDefinitionError(`${what} has ${names.length} columns, the limit is ${MAX_INDEXED}`);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new InvalidDefinitionError(`${what} names "${twice}" twice; name it once`);
}

/** @throws InvalidDefinitionError when a value of the row before the first event cannot be stored, or has no column */
export function assertInitialRow(projection: string, { rest }: TableLayout, row: AnyRow): void {
  for (const name of Object.keys(row)) {
    if (!rest.some((column) => column.name === name))
      throw new InvalidDefinitionError(`initialRow of "${projection}" has "${name}", which is no column`);
  }
  for (const column of rest) {
    try {
      encodeColumn(column, row);
    } catch (cause) {
      throw new InvalidDefinitionError(`initialRow of "${projection}": ${thrownText(cause)}`, { cause });
    }
  }
}
