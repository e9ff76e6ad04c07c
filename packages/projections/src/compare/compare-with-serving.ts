import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type Follower, holdServing, NotReached } from '../replay/hold-serving.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import { type CompareOptions, compareTables } from './compare-tables.ts';
import type { ProjectionDifference } from './projection-difference.ts';
import { TableSnapshot } from './table-snapshot.ts';

export interface CompareWithServingOptions extends CompareOptions {
  /** Called while the other tables come near, with the position that every slice has reached. */
  readonly onPosition?: ((position: number) => void) | undefined;
}

/** A difference, and where each slice of what serves was. */
export interface FoundDifference {
  readonly difference: ProjectionDifference;
  readonly positions: readonly number[];
}

/**
 * Compares what serves with other tables, at one position. One snapshot of both is taken while they stand still, and is
 * compared after that, however long it takes.
 *
 * @param follower leads the tables in the schema `expected`
 * @throws the errors of {@link holdServing} and {@link compareTables}
 */
export async function compareWithServing(
  store: PostgresEventStore,
  projection: AnyProjection,
  { follower, expected }: { readonly follower: Follower; readonly expected: string },
  { onPosition, ...options }: CompareWithServingOptions,
): Promise<FoundDifference> {
  const schemas = { found: projectionSchema(store.schema, projection), expected };
  const taken: { snapshot: TableSnapshot | undefined } = { snapshot: undefined };
  const release = async () => {
    const { snapshot } = taken;
    taken.snapshot = undefined;
    await snapshot?.[Symbol.asyncDispose]();
  };
  try {
    const held = await holdServing(
      store,
      projection,
      follower,
      async ({ positions }) => {
        await release(); // that of an attempt that was undone
        const snapshot = await TableSnapshot.take(store, projection, schemas);
        taken.snapshot = snapshot;
        const connection = { schema: store.schema, run: snapshot.run };
        // Other processes can lead a copy on, before the snapshot is taken.
        if (!(await follower.isAt(connection, positions))) throw new NotReached();
        return { positions, snapshot };
      },
      { signal: options.signal, onPosition },
    );
    const difference = await compareTables(held.snapshot.run, projection, schemas, options);
    return { difference, positions: held.positions };
  } finally {
    await release();
  }
}
