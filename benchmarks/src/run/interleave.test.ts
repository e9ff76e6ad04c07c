import { describe, expect, test } from 'vitest';
import type { DatabaseServer } from '../server/database-server.ts';
import { interleave } from './interleave.ts';
import { quickPace } from './pace.ts';
import { Results } from './results.ts';
import { type Bench, UnavailableError, type Workload } from './workload.ts';

const server: DatabaseServer = {
  description: 'none',
  connectionString: '',
  createDatabase: () => Promise.reject(new Error('not expected')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Runs workloads that record their calls. */
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
  const bench: Bench = {
    server,
    stockServer: undefined,
    pace: { ...quickPace, repetitions: 2 },
    say: () => {},
  };
  const results = new Results();
  await interleave(workloads, bench, results);
  return { steps, results };
}

describe('workloads of a group', () => {
  test('take turns, without counting the first turn, and are torn down at the end', async () => {
    const { steps, results } = await run(['a', 'b']);
    expect(steps).toEqual(['a', 'b', 'a', 'b', 'a', 'b', '-b', '-a']);
    expect(results.values('a.perSecond')).toEqual([3, 5]);
    expect(results.values('b.perSecond')).toEqual([4, 6]);
  });

  test('with `once` run one time, which is counted', async () => {
    const { steps, results } = await run(['a'], {}, true);
    expect(steps).toEqual(['a', '-a']);
    expect(results.values('a.perSecond')).toEqual([1]);
  });

  test('that fail are left out with the reason and torn down; the others continue', async () => {
    const { steps, results } = await run(['a', 'b', 'c'], {
      a: new UnavailableError('cannot be installed'),
      b: new TypeError('broken'),
    });
    expect(steps).toEqual(['a', 'b', 'c', 'c', 'c', '-c', '-b', '-a']);
    expect(results.values('c.perSecond')).toHaveLength(2);
    expect([...results.missing]).toEqual([
      ['a', { reason: 'cannot be installed', failure: false }],
      ['b', { reason: 'broken', failure: true }],
    ]);
  });
});
