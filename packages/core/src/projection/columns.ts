import type { JsonValue } from '../event/json.ts';

/** The SQL types of columns in read models, and the type of each in memory. */
export interface SqlTypes {
  readonly text: string;
  readonly uuid: string;
  readonly integer: number;
  /** Within ±(2^53 - 1). A value outside is an error, never rounded. */
  readonly bigint: number;
  readonly 'double precision': number;
  /** An exact decimal number as text: `'-12.50'`. In a key, `1.5` and `1.50` are the same. */
  readonly numeric: string;
  readonly boolean: boolean;
  readonly timestamptz: Date;
  /** `YYYY-MM-DD`; ` BC` follows for years before 1. */
  readonly date: string;
  readonly jsonb: JsonValue;
}

/** A SQL type. With ` null` after it the column allows NULL: `'text null'`. */
export type ColumnType = keyof SqlTypes | `${keyof SqlTypes} null`;

/** SQL types by column name. */
export type Columns = Readonly<Record<string, ColumnType>>;

type ColumnValueOf<TType> = TType extends keyof SqlTypes
  ? SqlTypes[TType]
  : TType extends `${infer TBase extends keyof SqlTypes} null`
    ? SqlTypes[TBase] | null
    : never;

/** The type of a row, from its columns. */
export type Row<TColumns extends Columns> = {
  readonly [TColumn in keyof TColumns]: ColumnValueOf<TColumns[TColumn]>;
};

/** Any row, without the types of its columns. */
export type AnyRow = Readonly<Record<string, SqlTypes[keyof SqlTypes] | null>>;

/** One table of a read model. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** Columns of each index beside the primary key. */
  readonly indexes: readonly (readonly string[])[];
}
