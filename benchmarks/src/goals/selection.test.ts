import { expect, test } from 'vitest';
import type { Workload } from '../run/workload.ts';
import type { Goal } from './goal.ts';
import { select } from './selection.ts';

const workload = (name: string): Workload => ({
  name,
  setup: () => Promise.reject(new Error('not to be run')),
});
const goal = (name: string, of: string, against: Goal['against']): Goal => ({
  name,
  what: '',
  of,
  ...(against === undefined ? {} : { against }),
  limit: { atLeast: 1 },
});

const all = {
  goals: [
    goal('append.64.vsBulk', 'append.64.leftfold.eventsPerSecond', 'append.bulk.eventsPerSecond'),
    goal('append.64.vsBestPeer', 'append.64.leftfold.eventsPerSecond', {
      workloads: 'append.64.peer.',
      figure: 'eventsPerSecond',
    }),
    goal('load.vsSelect', 'load.leftfold.perSecond', 'load.select.perSecond'),
  ],
  groups: [
    ['append.bulk', 'append.64.leftfold', 'append.64.peer.a', 'append.1024.leftfold'].map(workload),
    ['load.leftfold', 'load.select'].map(workload),
  ],
};

const namesOf = (only: string | undefined) =>
  select(only, all).groups.map((group) => group.map(({ name }) => name));

test('a goal selects the workloads that it compares, and no other', () => {
  expect(namesOf('append.64.vsBulk')).toEqual([['append.bulk', 'append.64.leftfold']]);
  expect(namesOf('append.64.vsBestPeer')).toEqual([['append.64.leftfold', 'append.64.peer.a']]);
});

test('a prefix selects all goals and workloads whose names begin with it', () => {
  expect(namesOf('append.64')).toEqual([['append.bulk', 'append.64.leftfold', 'append.64.peer.a']]);
  expect(namesOf('load')).toEqual([['load.leftfold', 'load.select']]);
  expect(namesOf('nothing')).toEqual([]);
  expect(select(undefined, all)).toBe(all);
});
