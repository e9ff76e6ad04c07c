import type { KyselyPlugin } from 'kysely';
import { DeclaredColumns, type ProjectionInSchema } from './column-scope.ts';
import { JsonbTransformer } from './jsonb-transformer.ts';

/**
 * Sends the values of `jsonb` columns as JSON. The `pg` client does not know the column that a value is for: it writes a
 * list as a Postgres array and sends a string as it is.
 *
 * Covered is what kysely's builders write into a declared column, or compare with one. The text of the `sql` tag, and
 * its parameters, stay as the caller wrote them.
 */
export function jsonbPlugin(projections: readonly ProjectionInSchema[]): KyselyPlugin {
  const columns = new DeclaredColumns(projections);
  const transformer = columns.haveJson ? new JsonbTransformer(columns) : undefined;
  return {
    transformQuery: ({ node }) => (transformer === undefined ? node : transformer.transformNode(node)),
    transformResult: async ({ result }) => result,
  };
}
