import type { Statement } from '@leftfold/postgres';
import {
  databaseTest,
  type ExplainedStatement,
  JIT_ABOVE_COST,
  nodesOf,
  plansOfSession,
} from '@leftfold/testbed/database';
import pg from 'pg';
import { expect } from 'vitest';
import { migratedLog } from './store-test.ts';

/** How a plan has got at the log: `<node> <index>`, one for each access. */
export function accessesOf({ Plan }: ExplainedStatement): readonly string[] {
  return nodesOf(Plan)
    .filter((node) => node['Actual Loops'] !== 0)
    .filter((node) => node['Index Name'] !== undefined || node['Relation Name'] === 'events')
    .filter((node) => node['Relation Name'] !== 'pg_database') // by an index where a server has many
    .filter((node) => !['ModifyTable', 'Bitmap Heap Scan'].includes(node['Node Type']))
    .map((node) => `${node['Node Type']} ${node['Index Name'] ?? 'of the whole table'}`);
}

/** Events that one node of the plans has looked at, at most. */
export function lookedAt(explained: readonly ExplainedStatement[]): number {
  const nodes = explained.flatMap(({ Plan }) => nodesOf(Plan));
  expect(nodes.length).toBeGreaterThan(0);
  return Math.max(...nodes.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)));
}

/** Tests on a log and a session of their own. `plansOf` runs a statement and returns the plans of all it runs. */
export function plansTest() {
  let serial = 0;
  return databaseTest(migratedLog)
    .extend('client', { scope: 'file' }, async ({ database }, { onCleanup }) => {
      const client = new pg.Client({ connectionString: database.connectionString });
      await client.connect();
      onCleanup(() => client.end());
      return client;
    })
    .extend('explained', { scope: 'file' }, ({ client }) => plansOfSession(client))
    .extend(
      'plansOf',
      ({ client, explained }) =>
        async ({ text, values }: Pick<Statement, 'text' | 'values'>) => {
          explained.length = 0;
          await client.query({ name: `plan ${(serial += 1)}`, text, values: [...values] });
          expect(explained.length).toBeGreaterThan(0);
          const costs = explained.map(({ Plan }) => Plan['Total Cost'] ?? Number.NaN);
          expect(Math.max(...costs)).toBeLessThan(JIT_ABOVE_COST);
          return explained;
        },
    );
}
