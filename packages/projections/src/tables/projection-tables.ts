import { type AnyProjection, SubscriptionMismatchError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { assertOwnSchema, runnerInTransaction, runnerOn } from '@leftfold/postgres';
import { lockSubscription } from '@leftfold/subscriptions';
import type { Transaction } from 'kysely';
import { columnsOf } from '@leftfold/core/column';
import {
  createIndex,
  createSchema,
  createTable,
  type DefinedTable,
  dropTable,
  truncateTables,
} from '../sql/define-tables.ts';
import { readTableShapes, type TableShape } from '../sql/table-shape.ts';
import { differencesOf, hasIndex } from './compare-table.ts';
import { projectionSchema } from './projection-schema.ts';

/** How long to wait for a lock, in milliseconds: whatever needs that table waits behind it. */
const LOCK_MS = 10_000;

/** The tables of one version of a projection, in a Postgres schema of their own. */
export class ProjectionTables {
  readonly schema: string;
  readonly #storeSchema: string;
  readonly #projection: AnyProjection;
  readonly #tables: readonly DefinedTable[];

  /** @throws InvalidDefinitionError, InvalidNameError when the definition cannot become tables */
  constructor(storeSchema: string, projection: AnyProjection) {
    this.schema = projectionSchema(storeSchema, projection);
    this.#storeSchema = storeSchema;
    this.#projection = projection;
    this.#tables = projection.tables.map((definition) => ({
      definition,
      columns: columnsOf(projection.name, definition),
    }));
  }

  /**
   * Creates what is missing of schema, tables and indexes, in one transaction. Any number of processes may call it at
   * the same time. When nothing is missing it only reads, so that a role that may not create anything can start.
   *
   * @throws SubscriptionMismatchError when a table exists with other columns.
   * @throws ForeignSchemaError when another role made the schema.
   *
   * SQL: a lock on the subscription's row, which must exist, makes other processes wait.
   */
  async ensure(store: PostgresEventStore): Promise<void> {
    await assertOwnSchema(runnerOn(store.pool, { prepare: false }), this.schema, this.#storeSchema);
    if (this.#isComplete(await readTableShapes(store.db, this.schema))) return;
    const { name, version } = this.#projection;
    await store.inTransaction(
      async ({ tx }) => {
        const connection = { schema: this.#storeSchema, run: runnerInTransaction(tx) };
        await lockSubscription(connection, { name, version });
        await this.#createMissing(tx);
      },
      { lockMs: LOCK_MS },
    );
  }

  /** Empties the tables. One that is missing, or not as defined, is created again. */
  async recreate(tx: Transaction<unknown>): Promise<void> {
    const found = await readTableShapes(tx, this.schema);
    const kept: string[] = [];
    for (const table of this.#tables) {
      const shape = found?.find(({ name }) => name === table.definition.name);
      if (shape === undefined) continue;
      if (differencesOf(table, shape).length === 0) kept.push(table.definition.name);
      else await dropTable(tx, this.schema, table.definition.name);
    }
    await truncateTables(tx, this.schema, kept);
    await this.#createMissing(tx);
  }

  async #createMissing(tx: Transaction<unknown>): Promise<void> {
    const found = await readTableShapes(tx, this.schema);
    if (found === undefined) await createSchema(tx, this.schema);
    else await assertOwnSchema(runnerInTransaction(tx), this.schema, this.#storeSchema);
    for (const table of this.#tables) {
      const shape = this.#shapeOf(table, found ?? []);
      if (shape === undefined) await createTable(tx, this.schema, table);
      for (const index of table.definition.indexes) {
        if (shape === undefined || !hasIndex(shape, index))
          await createIndex(tx, this.schema, table.definition.name, index);
      }
    }
  }

  #isComplete(found: readonly TableShape[] | undefined): boolean {
    if (found === undefined) return false;
    return this.#tables.every((table) => {
      const shape = this.#shapeOf(table, found);
      return shape !== undefined && table.definition.indexes.every((index) => hasIndex(shape, index));
    });
  }

  /** @throws SubscriptionMismatchError */
  #shapeOf(table: DefinedTable, found: readonly TableShape[]): TableShape | undefined {
    const shape = found.find(({ name }) => name === table.definition.name);
    const differences = shape === undefined ? [] : differencesOf(table, shape);
    if (differences.length === 0) return shape;
    const { name, version } = this.#projection;
    throw new SubscriptionMismatchError(
      { kind: 'projection', name, version },
      differences.map((difference) => `table "${table.definition.name}": ${difference}`),
    );
  }
}
