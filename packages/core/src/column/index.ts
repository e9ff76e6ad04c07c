export type { SqlType } from './sql-type.ts';
export { sqlTypes } from './sql-types.ts';
export {
  asStoredColumn,
  decodeColumn,
  encodeColumn,
  encodeKeyColumn,
  type TableColumn,
  tableColumn,
} from './table-column.ts';
export { columnsOf, type TableLayout } from './table-layout.ts';
