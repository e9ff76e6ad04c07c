import { describe, expect, test } from 'vitest';
import type { DatabaseServer } from '../server/database-server.ts';
import { interleave } from './interleave.ts';
import { quickPace } from './pace.ts';
import { Results } from './results.ts';
import { type Bench, UnavailableError, type Workload } from './workload.ts';

const server: DatabaseServer = {
  description: 'none',
  connectionString: '',
  createDatabase: () => Promise.reject(new Error('not asked for')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Runs workloads that write down what is done with them. */
async function run(names: readonly string[], failing: Readonly<Record<string, Error>> = {}, once = false) {
  const steps: string[] = [];
  let value = 0;
  const workloads = names.map(
    (name): Workload => ({
      name,
      once,
      setup: () =>
        Promise.resolve({
          run: () => {
            steps.push(name);
            value += 1;
            const error = failing[name];
            return error === undefined ? Promise.resolve({ perSecond: value }) : Promise.reject(error);
          },
          teardown: () => {
            steps.push(`-${name}`);
            return Promise.resolve();
          },
        }),
    }),
  );
  const bench: Bench = { server, pace: { ...quickPace, repetitions: 2 }, say: () => {} };
  const results = new Results();
  await interleave(workloads, bench, results);
  return { steps, results };
}

describe('workloads of a group', () => {
  test('take turns, the first turn is not counted, and all are taken down at the end', async () => {
    const { steps, results } = await run(['a', 'b']);
    expect(steps).toEqual(['a', 'b', 'a', 'b', 'a', 'b', '-b', '-a']);
    expect(results.values('a.perSecond')).toEqual([3, 5]);
    expect(results.values('b.perSecond')).toEqual([4, 6]);
  });

  test('that take long run once, and that time counts', async () => {
    const { steps, results } = await run(['a'], {}, true);
    expect(steps).toEqual(['a', '-a']);
    expect(results.values('a.perSecond')).toEqual([1]);
  });

  test('that fail are left out with the reason and taken down, and the others go on', async () => {
    const { steps, results } = await run(['a', 'b', 'c'], {
      a: new UnavailableError('does not install'),
      b: new TypeError('broken'),
    });
    expect(steps).toEqual(['a', 'b', 'c', 'c', 'c', '-c', '-b', '-a']);
    expect(results.values('c.perSecond')).toHaveLength(2);
    expect([...results.missing]).toEqual([
      ['a', { reason: 'does not install', failure: false }],
      ['b', { reason: 'broken', failure: true }],
    ]);
  });
});
