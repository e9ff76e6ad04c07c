import type { AnyRow, SqlTypes, TableDefinition } from '@leftfold/core';

/**
 * A test in memory should fail where Postgres would.
 *
 * @throws TypeError when a column is missing or unknown, or its value is none of the column's type.
 */
export function assertRow(table: TableDefinition, row: AnyRow, event: string): void {
  for (const column of Object.keys(row)) {
    if (!Object.hasOwn(table.columns, column)) {
      throw new TypeError(`"${table.name}" has no column "${column}", which ${event} wrote`);
    }
  }
  for (const [column, type] of Object.entries(table.columns)) {
    const value = row[column];
    if (value === undefined) throw new TypeError(`"${table.name}": ${event} left out column "${column}"`);
    if (!fits(type, value)) {
      throw new TypeError(
        `"${table.name}": ${event} wrote ${typeof value} to column "${column}", which is ${type}`,
      );
    }
  }
}

function fits(type: string, value: AnyRow[string]): boolean {
  const [base = ''] = type.split(' null');
  if (value === null) return base !== type || base === 'jsonb';
  const check: ((value: unknown) => boolean) | undefined = checks[base as keyof SqlTypes];
  return check?.(value) ?? true;
}

const isText = (value: unknown) => typeof value === 'string';

const checks: { readonly [TType in keyof SqlTypes]: (value: unknown) => boolean } = {
  text: (value) => typeof value === 'string' && !value.includes('\u0000'),
  uuid: (value) => typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  integer: (value) => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31,
  bigint: (value) => Number.isSafeInteger(value),
  'double precision': (value) => typeof value === 'number',
  numeric: (value) => typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value),
  boolean: (value) => typeof value === 'boolean',
  timestamptz: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  date: (value) => isText(value) && !Number.isNaN(Date.parse(String(value))),
  jsonb: () => true,
};
