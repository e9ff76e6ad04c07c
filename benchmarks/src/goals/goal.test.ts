import { describe, expect, test } from 'vitest';
import { Results } from '../run/results.ts';
import { type Goal, judge } from './goal.ts';

const goal: Goal = {
  name: 'append.vsBestPeer',
  what: '',
  of: 'append.leftfold.eventsPerSecond',
  against: { workloads: 'append.peer.', figure: 'eventsPerSecond' },
  limit: { atLeast: 5 },
};

function resultsOf(figures: Readonly<Record<string, readonly number[]>>): Results {
  const results = new Results();
  for (const [workload, values] of Object.entries(figures)) {
    for (const eventsPerSecond of values) results.add(workload, { eventsPerSecond });
  }
  return results;
}

describe('a goal', () => {
  test('is judged by the median of the paired ratios to the peer with the best median', () => {
    const results = resultsOf({
      'append.leftfold': [600, 100, 620],
      'append.peer.slow': [10, 900, 10],
      'append.peer.fast': [100, 50, 100],
    });
    const verdict = judge(goal, results);
    expect(verdict).toMatchObject({ met: true, beaten: false, value: { median: 6, min: 2, max: 6.2 } });
    expect(verdict?.against?.name).toBe('append.peer.fast.eventsPerSecond');
  });

  test('is beaten when a peer is faster, and missed just below its limit', () => {
    const beaten = resultsOf({ 'append.leftfold': [90], 'append.peer.fast': [100] });
    expect(judge(goal, beaten)).toMatchObject({ met: false, beaten: true });
    const missed = resultsOf({ 'append.leftfold': [499], 'append.peer.fast': [100] });
    expect(judge(goal, missed)).toMatchObject({ met: false, beaten: false });
  });

  test('with an upper limit is met at the limit, and not above it', () => {
    const atMost: Goal = { name: 'p99', what: '', of: 'visible.p99Ms', limit: { atMost: 50 } };
    const at = (p99Ms: number) => {
      const results = new Results();
      results.add('visible', { p99Ms });
      return judge(atMost, results)?.met;
    };
    expect([at(50), at(50.1)]).toEqual([true, false]);
  });

  test('has no verdict when one of the compared figures is missing', () => {
    expect(judge(goal, resultsOf({ 'append.leftfold': [1] }))).toBeUndefined();
    expect(judge(goal, resultsOf({ 'append.peer.fast': [1] }))).toBeUndefined();
  });
});
