import { InvalidNameError } from '@leftfold/core';
import type { ProjectionKey } from '../sql/row.ts';

/** Longest name of a Postgres schema, in bytes. A longer one is cut without an error. */
const MAX_LENGTH = 63;

/**
 * The Postgres schema of a projection's tables: `leftfold_balances_v1` for version 1 of `balances`.
 *
 * @throws InvalidNameError when it would be too long.
 */
export function projectionSchema(storeSchema: string, { name, version }: ProjectionKey): string {
  const schema = `${storeSchema}_${name}_v${version}`;
  if (schema.length > MAX_LENGTH) {
    throw new InvalidNameError(
      'schema of a projection',
      schema,
      `has ${schema.length} characters, at most ${MAX_LENGTH} are allowed; shorten the projection's name`,
    );
  }
  return schema;
}
