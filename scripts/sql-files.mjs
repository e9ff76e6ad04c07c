// Reads the SQL of a component: migrations/NNNN-name.sql and functions/name.sql, in src/sql of its package, or in a folder
// below that for each further component. If the package has generate/event-placeholders.ts, its placeholders are expanded.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { tsImport } from 'tsx/esm/api';

/**
 * @typedef {{ number: number, name: string, sql: string }} Migration
 * @typedef {{ name: string, sql: string }} SqlFunction
 * @typedef {{ migrations: Migration[], functions: SqlFunction[] }} PackageSql
 */

/** The folders that have migrations. @param {string} root */
export function foldersWithSql(root) {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name, 'src/sql'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
    .filter((folder) => existsSync(join(folder, 'migrations')));
}

/**
 * @param {string} folder one of {@link foldersWithSql}
 * @returns {Promise<PackageSql>}
 */
export async function readSql(folder) {
  const [packageFolder = folder] = folder.split(join(sep, 'src', 'sql'));
  const placeholders = join(packageFolder, 'generate/event-placeholders.ts');
  /** @type {(sql: string) => string} */
  const expand = existsSync(placeholders)
    ? (await tsImport(placeholders, import.meta.url)).expandPlaceholders
    : (sql) => sql;
  return {
    migrations: sqlFiles(join(folder, 'migrations'), /^\d{4}-[a-z0-9-]+$/).map(({ name, sql }) => ({
      number: Number(name.slice(0, 4)),
      name,
      sql,
    })),
    functions: sqlFiles(join(folder, 'functions'), /^[a-z_]+$/).map(({ name, sql }) => ({
      name,
      sql: expand(sql),
    })),
  };
}

/**
 * @param {string} folder
 * @param {RegExp} pattern
 */
function sqlFiles(folder, pattern) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(folder, `${name}.sql`), 'utf8') }));
}
