import type { Columns } from './columns.ts';
import type { AnyHandlerProjection, TableSchemas } from './define-projection.ts';
import type { AnyTableProjection } from './define-table-projection.ts';

/** Any projection. Narrow it by `kind`. */
export type AnyProjection = AnyHandlerProjection | AnyTableProjection;

/** The columns of a projection's tables, from which its queries are typed. */
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
