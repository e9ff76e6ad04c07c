import { InvalidArgumentError } from '@leftfold/core';
import { type KyselyPlugin, OperationNodeTransformer, SchemableIdentifierNode } from 'kysely';

/** Stands for the schema of each table, which kysely's `withSchema` takes as one. No schema of a read model has it. */
export const EACH_SCHEMA = 'leftfold_each_schema';

/** Puts each table of a query into its own schema. @param schemas by the name of the table */
export function tableSchemasPlugin(schemas: ReadonlyMap<string, string>): KyselyPlugin {
  const transformer = new TableSchemas(schemas);
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}

class TableSchemas extends OperationNodeTransformer {
  readonly #schemas: ReadonlyMap<string, string>;

  constructor(schemas: ReadonlyMap<string, string>) {
    super();
    this.#schemas = schemas;
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    if (node.schema?.name !== EACH_SCHEMA) return node;
    const table = node.identifier.name;
    const schema = this.#schemas.get(table);
    if (schema !== undefined) return SchemableIdentifierNode.createWithSchema(schema, table);
    const known = [...this.#schemas.keys()].join(', ');
    throw new InvalidArgumentError(
      'table',
      `"${table}" is not among those of the projections that are read: ${known}`,
    );
  }
}
