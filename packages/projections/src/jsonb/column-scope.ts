import type { AnyProjection, Columns } from '@leftfold/core';
import { type TableColumn, tableColumn } from '@leftfold/core/column';
import { AliasNode, JoinNode, ListNode, type OperationNode, TableNode, UsingNode } from 'kysely';

/** The columns of a table by their names. */
export type TableColumns = ReadonlyMap<string, TableColumn>;

/** What the names in one query stand for. */
export interface ColumnScope {
  /** The table that the query writes; undefined for one that reads. */
  readonly target: TableColumns | undefined;
  /** The declared tables of the query by their names or aliases. */
  readonly tables: ReadonlyMap<string, TableColumns>;
}

/** The parts of a kysely query that name its tables. */
export interface QueryTables {
  readonly into?: OperationNode;
  readonly table?: OperationNode;
  readonly from?: { readonly froms: readonly OperationNode[] };
  readonly joins?: readonly OperationNode[];
  readonly using?: OperationNode;
}

/** A projection, and the Postgres schema of its tables. */
export interface ProjectionInSchema {
  readonly schema: string;
  readonly projection: AnyProjection;
}

/** The declared tables of projections, and the columns that the names in their queries stand for. */
export class DeclaredColumns {
  /** By schema and name. */
  readonly #tables: ReadonlyMap<string, TableColumns>;

  constructor(projections: readonly ProjectionInSchema[]) {
    this.#tables = new Map(
      projections.flatMap(({ schema, projection }) =>
        projection.tables.map(({ name, columns }) => [`${schema}.${name}`, columnsByName(columns)] as const),
      ),
    );
  }

  get haveJson(): boolean {
    return [...this.#tables.values()].some((columns) =>
      [...columns.values()].some((column) => isJson(column)),
    );
  }

  scopeOf({ into, table, from, joins = [], using }: QueryTables): ColumnScope {
    const written = into ?? table;
    const named = [written, ...(from?.froms ?? []), ...joins, using].flatMap((node) => this.#named(node));
    const target = written === undefined ? undefined : this.#named(written)[0]?.[1];
    // The row that an insert could not write.
    if (target !== undefined) named.push(['excluded', target]);
    return { target, tables: new Map(named) };
  }

  /**
   * @param scopes of the query and of those around it, the innermost last.
   * @returns undefined when no table that may be meant declares it
   */
  find(scopes: readonly ColumnScope[], column: string, table?: string): TableColumn | undefined {
    for (const { tables } of scopes.toReversed()) {
      const candidates = table === undefined ? [...tables.values()] : [tables.get(table)];
      const found = candidates.map((columns) => columns?.get(column)).find((one) => one !== undefined);
      if (found !== undefined) return found;
    }
    // A column of a subquery or a common table expression has the type of the column that it was selected from.
    const sameName = [...this.#tables.values()].flatMap((columns) => columns.get(column) ?? []);
    return sameName.every((one) => isJson(one)) ? sameName[0] : undefined;
  }

  #named(node: OperationNode | undefined): (readonly [string, TableColumns])[] {
    if (node === undefined) return [];
    if (ListNode.is(node)) return node.items.flatMap((item) => this.#named(item));
    if (UsingNode.is(node)) return node.tables.flatMap((item) => this.#named(item));
    if (JoinNode.is(node)) return this.#named(node.table);
    if (AliasNode.is(node)) {
      const columns = this.#columnsOf(node.node);
      return columns === undefined ? [] : [[nameOf(node.alias), columns]];
    }
    const columns = this.#columnsOf(node);
    return columns === undefined || !TableNode.is(node) ? [] : [[node.table.identifier.name, columns]];
  }

  #columnsOf(node: OperationNode): TableColumns | undefined {
    if (!TableNode.is(node)) return undefined;
    const { schema, identifier } = node.table;
    return this.#tables.get(`${schema?.name}.${identifier.name}`);
  }
}

function columnsByName(columns: Columns): TableColumns {
  return new Map(
    Object.entries(columns).flatMap(([column, type]) => {
      const declared = tableColumn(column, type);
      return declared === undefined ? [] : [[column, declared] as const];
    }),
  );
}

export function isJson(column: TableColumn | undefined): column is TableColumn {
  return column?.type.name === 'jsonb';
}

function nameOf(alias: OperationNode): string {
  return 'name' in alias && typeof alias.name === 'string' ? alias.name : '';
}
