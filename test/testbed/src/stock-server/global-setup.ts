import { setup as provideServer } from '@leftfold/testing/vitest-global-setup';
import type { TestProject } from 'vitest/node';
import { findStockServer } from './find-stock-server.ts';

/**
 * Gives a vitest project the PostgreSQL server at the standard port, as a distribution packages it. Tests create
 * databases of their own on it and drop them; nothing else about the server changes.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { connectionString, jit } = await findStockServer();
  process.stdout.write(`${project.name}: the stock server at the standard port, jit = ${jit}.\n`);
  return provideServer(project, { DATABASE_URL: connectionString });
}
