import type { JsonValue } from '../event/json.ts';

/** The SQL types a read model's column may have, and what each is in memory. */
export interface SqlTypes {
  readonly text: string;
  readonly uuid: string;
  readonly integer: number;
  /** Within ±(2^53 - 1); a value beyond is an error, never rounded. */
  readonly bigint: number;
  readonly 'double precision': number;
  /** Exact decimal, as text. */
  readonly numeric: string;
  readonly boolean: boolean;
  readonly timestamptz: Date;
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly jsonb: JsonValue;
}

/** A SQL type; `null` behind it allows NULL: `'text null'`. */
export type ColumnType = keyof SqlTypes | `${keyof SqlTypes} null`;

/** SQL types by column name. */
export type Columns = Readonly<Record<string, ColumnType>>;

type ColumnValueOf<TType> = TType extends keyof SqlTypes
  ? SqlTypes[TType]
  : TType extends `${infer TBase extends keyof SqlTypes} null`
    ? SqlTypes[TBase] | null
    : never;

/** One row, typed from its columns. */
export type Row<TColumns extends Columns> = {
  readonly [TColumn in keyof TColumns]: ColumnValueOf<TColumns[TColumn]>;
};

/** A row as the framework handles it, whatever its columns. */
export type AnyRow = Readonly<Record<string, SqlTypes[keyof SqlTypes] | null>>;

/** One table of a read model. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** Columns of further indexes. */
  readonly indexes: readonly (readonly string[])[];
}
