import type { TableColumn } from '@leftfold/core/column';
import type { DefinedTable } from '../sql/define-tables.ts';
import type { TableShape } from '../sql/table-shape.ts';

/** The differences between a table and its definition, one line each. Indexes are not compared. */
export function differencesOf({ definition, columns }: DefinedTable, found: TableShape): readonly string[] {
  const defined = [...columns.key, ...columns.rest];
  const differences = defined.flatMap((column) => columnDifference(column, found) ?? []);
  for (const { name } of found.columns) {
    if (!defined.some((column) => column.name === name)) differences.push(`column "${name}" is not defined`);
  }
  if (found.primaryKey.join() !== definition.primaryKey.join()) {
    differences.push(
      `the key is (${found.primaryKey.join(', ')}), defined as (${definition.primaryKey.join(', ')})`,
    );
  }
  return differences;
}

function columnDifference(
  { name, type, nullable }: TableColumn,
  { columns }: TableShape,
): string | undefined {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) return `column "${name}" is missing`;
  const foundType = `${found.type === type.formatted ? type.name : found.type}${found.nullable ? ' null' : ''}`;
  const definedType = `${type.name}${nullable ? ' null' : ''}`;
  return foundType === definedType
    ? undefined
    : `column "${name}" is ${foundType}, defined as ${definedType}`;
}

export function hasIndex({ indexes }: TableShape, columns: readonly string[]): boolean {
  return indexes.some((index) => index.join() === columns.join());
}
