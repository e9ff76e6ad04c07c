export type { SqlType } from './sql-type.ts';
export { sqlTypes } from './sql-types.ts';
export {
  decodeColumn,
  encodeColumn,
  encodeKeyColumn,
  type TableColumn,
  tableColumn,
} from './table-column.ts';
