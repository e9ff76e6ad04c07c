import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { test } from './store-test.ts';

const script = fileURLToPath(new URL('./appender-process.ts', import.meta.url));

const countOf = async (pool: pg.Pool) => {
  const { rows } = await pool.query<{ count: number }>(
    'select count(distinct (stream_id, recorded_at))::int as count from leftfold.events',
  );
  return rows[0]?.count ?? 0;
};

describe('a process with 512 MB of memory', () => {
  test.for<[string, number]>([
    ['small', 10_000],
    ['objects', 4],
    ['what the schema leaves out', 100],
    ['texts', 20],
    ['tags', 0],
    ['conditions', 50],
  ])(
    'queues the largest appends until one is refused, and appends those before it: %s',
    { timeout: 120_000 },
    async ([what, least], { pool, database }) => {
      guarantee('bounded-memory');
      const before = await countOf(pool);
      const holder = await pool.connect();
      await holder.query('begin; lock table leftfold.events in access exclusive mode');
      const child = spawn(
        process.execPath,
        ['--max-old-space-size=512', ...typescriptFlags, script, database.connectionString, what],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const lines = on(createInterface(child.stdout), 'line', { close: ['close'] });
      const nextLine = async () => ((await lines.next()).value as [string] | undefined)?.[0];
      try {
        expect(await nextLine()).toBe('STORE_UNAVAILABLE');
        // Half a million entries of an index take too long.
        if (what === 'tags') {
          child.kill();
          return;
        }
      } finally {
        await holder.query('commit');
        holder.release();
      }
      const appended = Number(await nextLine());
      expect(appended).toBeGreaterThanOrEqual(least);
      expect(await nextLine()).toBe('1');
      expect(await countOf(pool)).toBe(before + appended);
    },
  );
});
