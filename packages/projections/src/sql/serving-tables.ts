import type { AnyProjection } from '@leftfold/core';
import { idleLimitAtLeast, type Statement } from '@leftfold/postgres';
import { projectionSchema } from '../tables/projection-schema.ts';

/**
 * Statements that tell which tables queries of projections read. A switch gives a projection's names to other tables, and
 * a reset empties them by giving them another file.
 */
export interface ServingTables {
  /** An expression for the tables that the names mean now. */
  readonly now: string;
  /** Begins a transaction for one statement, and selects the tables that the names mean then. */
  readonly beginReadOnly: Statement;
  /** Begins one that reads one snapshot, and selects the same. */
  readonly beginRead: Statement;
  /** Ends a transaction, also one that has failed, and selects the tables that the names mean then. */
  readonly end: Statement;
  /**
   * In a transaction that reads one snapshot: selects whether the names mean what they do in the snapshot. Without that, a
   * query of an older snapshot reads the tables that serve now, as they were before they had caught up.
   */
  readonly isInSnapshot: Statement;
}

/** SQL: texts without parameters, so that two are one round trip with another statement. Lookups in the catalog. */
export function servingTables(storeSchema: string, projections: readonly AnyProjection[]): ServingTables {
  const tables = projections.flatMap((projection) => {
    const schema = projectionSchema(storeSchema, projection);
    return projection.tables.map(({ name }) => ({ schema, name }));
  });
  return readTables(tables);
}

/** The same of any tables. */
export function readTables(
  tables: readonly { readonly schema: string; readonly name: string }[],
): ServingTables {
  const files = (fileOf: (table: { schema: string; name: string }) => string) =>
    `concat_ws(' ', ${tables.map(fileOf).join(', ')})`;
  // These functions read the catalog as it is now, whatever the snapshot is.
  const now = files(
    ({ schema, name }) => `pg_relation_filenode(pg_catalog.to_regclass('"${schema}"."${name}"'))`,
  );
  const inSnapshot = files(
    ({ schema, name }) => `(select relfilenode from pg_class
                             where relname = '${name}'
                               and relnamespace = (select oid from pg_namespace where nspname = '${schema}'))`,
  );
  const begin = (level: string) =>
    fixed(
      `begin transaction isolation level ${level}, read only; select ${now} as tables, ${idleLimitAtLeast}`,
    );
  return {
    now,
    // No second statement has to read its snapshot.
    beginReadOnly: begin('read committed'),
    beginRead: begin('repeatable read'),
    end: fixed(`commit; select ${now} as tables`),
    isInSnapshot: fixed(`select ${now} = ${inSnapshot} as same`),
  };
}

function fixed(text: string): Statement {
  return { name: undefined, text, values: [] };
}
