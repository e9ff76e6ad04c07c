// Released SQL must not change, since databases have applied it. A changed function needs a new migration number,
// because functions are replaced only when a migration is applied.
import { createHash } from 'node:crypto';

/**
 * The SQL of one release: its newest migration, and checksums of all migrations and of all functions.
 *
 * @typedef {{ release: string, migration: number, migrations: string, functions: string }} Release
 * @typedef {import('./sql-files.mjs').PackageSql} PackageSql
 */

/**
 * Lists the changes of SQL that a release has frozen.
 *
 * @param {PackageSql} sql
 * @param {readonly Release[]} released
 * @returns {string[]}
 */
export function frozenChanges(sql, released) {
  return released.flatMap(({ release, migration, migrations, functions }) => {
    const now = summaryOf({ ...sql, migrations: sql.migrations.filter(({ number }) => number <= migration) });
    if (now.migration !== migration || now.migrations !== migrations) {
      return [`a migration up to number ${migration} differs from release ${release}; add a new one instead`];
    }
    if (newestOf(sql) === migration && now.functions !== functions) {
      return [
        `a function differs from release ${release}; add a migration after number ${migration}, so that databases get the new one`,
      ];
    }
    return [];
  });
}

/**
 * Returns the list of releases with this release added or replaced.
 *
 * @param {PackageSql} sql
 * @param {readonly Release[]} released
 * @param {string} release
 * @returns {Release[]}
 */
export function recordRelease(sql, released, release) {
  return [...released.filter((each) => each.release !== release), { release, ...summaryOf(sql) }];
}

/** @param {PackageSql} sql */
function summaryOf({ migrations, functions }) {
  return {
    migration: newestOf({ migrations }),
    migrations: checksum(migrations.map(({ name, sql }) => [name, sql])),
    functions: checksum(functions.map(({ name, sql }) => [name, sql])),
  };
}

/** @param {Pick<PackageSql, 'migrations'>} sql */
function newestOf({ migrations }) {
  return migrations.at(-1)?.number ?? 0;
}

/** @param {string[][]} texts */
function checksum(texts) {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
