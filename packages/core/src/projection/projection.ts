import type { Columns } from './columns.ts';
import type { AnyHandlerProjection, TableSchemas } from './define-projection.ts';
import type { AnyTableProjection } from './define-table-projection.ts';

/** Any projection, whatever its kind and types. Narrow it by `kind`. */
export type AnyProjection = AnyHandlerProjection | AnyTableProjection;

/** Columns by table of a projection, for typing its queries. */
export type TablesOf<TProjection> = TProjection extends {
  readonly columnsByTable: infer TTables extends TableSchemas;
}
  ? TTables
  : TProjection extends {
        readonly name: infer TName extends string;
        readonly columns: infer TColumns extends Columns;
      }
    ? { readonly [TTable in TName]: TColumns }
    : never;
