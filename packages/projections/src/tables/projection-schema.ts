import { assertProjectionName, assertSchemaName, InvalidNameError } from '@leftfold/core';
import { assertObject, assertWhole } from '@leftfold/core/input';
import type { ProjectionKey } from '../sql/inline.ts';

/** Longest name of a Postgres schema, in bytes. Postgres cuts a longer one without an error. */
const MAX_LENGTH = 63;
const MAX_VERSION = 2 ** 31 - 1;

/**
 * The Postgres schema of a projection's tables: `leftfold__balances_v1` for version 1 of `balances`.
 *
 * No two projections of any stores have the same one, and no store has it: a store's name has no `__` and does not end
 * with `_`, so the first `__` is the end of it. A version has digits only, so the last `_v` is the end of the name. The
 * same holds for copies, which have `_c`: what is before the last digits tells one from the other.
 *
 * @throws InvalidNameError when a name is none, or it would be too long.
 * @throws InvalidArgumentError when the version is not a whole number from 1.
 */
export function projectionSchema(storeSchema: string, projection: ProjectionKey): string {
  return schemaOf(storeSchema, projection, 'v');
}

/** The Postgres schema of the copy of a projection's tables: of a rebuild, or those that served before. @throws likewise */
export function copySchema(storeSchema: string, projection: ProjectionKey): string {
  return schemaOf(storeSchema, projection, 'c');
}

function schemaOf(storeSchema: string, projection: ProjectionKey, letter: 'v' | 'c'): string {
  assertSchemaName(storeSchema);
  assertObject('a projection', 'projection', projection, ['name', 'version']);
  const { name, version } = projection;
  assertProjectionName(name);
  assertWhole(`version of projection "${name}"`, version, { least: 1, most: MAX_VERSION });
  const schema = `${storeSchema}__${name}_${letter}${version}`;
  if (schema.length > MAX_LENGTH) {
    throw new InvalidNameError(
      'schema of a projection',
      schema,
      `has ${schema.length} characters, at most ${MAX_LENGTH} are allowed; shorten the projection's name`,
    );
  }
  return schema;
}
