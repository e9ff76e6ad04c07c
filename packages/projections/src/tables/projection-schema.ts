import { InvalidNameError } from '@leftfold/core';
import { assertWhole } from '@leftfold/core/input';
import type { ProjectionKey } from '../sql/inline.ts';

/** Longest name of a Postgres schema, in bytes. Postgres cuts a longer one without an error. */
const MAX_LENGTH = 63;
const MAX_VERSION = 2 ** 31 - 1;

/**
 * The Postgres schema of a projection's tables: `leftfold_balances_v1` for version 1 of `balances`.
 *
 * @throws InvalidNameError when it would be too long.
 * @throws InvalidArgumentError when the version is not a whole number from 1.
 */
export function projectionSchema(storeSchema: string, { name, version }: ProjectionKey): string {
  assertWhole(`version of projection "${name}"`, version, { least: 1, most: MAX_VERSION });
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
