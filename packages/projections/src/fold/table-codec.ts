import { InvalidDefinitionError, type TableDefinition } from '@leftfold/core';
import { sqlTypes, type TableColumn, tableColumn } from '@leftfold/core/column';

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
  const columns = Object.entries(table.columns).map(([name, declared]) => {
    const column = tableColumn(name, declared);
    if (column !== undefined) return column;
    const known = Object.keys(sqlTypes).join(', ');
    throw new InvalidDefinitionError(
      `column "${name}" of ${where} is "${declared}"; use one of ${known}, or one of them and " null"`,
    );
  });
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
    if (table.columns[name] === undefined) {
      throw new InvalidDefinitionError(`an index of ${where} names "${name}", which is no column of it`);
    }
  }
  return { key, rest: columns.filter((column) => !key.includes(column)) };
}

/** Writes one column's values as a Postgres array. */
export function arrayLiteral<TRow>(
  { type }: TableColumn,
  rows: readonly TRow[],
  textOf: (row: TRow) => string | null,
): string {
  let literal = '{';
  for (const row of rows) {
    if (literal.length > 1) literal += ',';
    const text = textOf(row);
    if (text === null) literal += 'NULL';
    else literal += type.isQuoted ? quoted(text) : text;
  }
  return `${literal}}`;
}

function quoted(text: string): string {
  return `"${needsEscape.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

const needsEscape = /["\\]/;
