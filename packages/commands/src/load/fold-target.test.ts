import { defineEvents, defineFold, tagged } from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type FoldTarget, queriesOf, rolesOf } from './fold-target.ts';

const seat = z.object({ course: z.string() });
const tags = ({ course }: z.output<typeof seat>) => ({ course });
const events = defineEvents(
  'course',
  { planned: tagged(seat, tags), subscribed: tagged(seat, tags) },
  {
    retired: { booked: { schema: seat, readAs: ['subscribed'], upcast: (data, to) => to.subscribed(data) } },
  },
);
const planned = defineFold({
  events: [events],
  initialState: false,
  evolve: { 'course.planned': () => true },
});
const taken = defineFold({
  events: [events],
  initialState: 0,
  evolve: { 'course.subscribed': (count) => count + 1 },
});
const targets: readonly FoldTarget[] = [
  { role: 'planned', ...planned.for({ course: 'c1' }) },
  { role: 'taken', ...taken.for({ course: 'c1' }) },
  { role: 'others', ...taken.for({ course: 'c2' }) },
  { role: 'others', ...taken.for({ course: 'c3' }) },
  { role: 'all', ...taken.all() },
];

test('folds with the same tags are read by one query for the types of all of them', () => {
  expect(queriesOf(targets)).toEqual([
    { types: ['course.planned', 'course.subscribed'], tags: ['course:c1'] },
    { types: ['course.subscribed'], tags: ['course:c2'] },
    { types: ['course.subscribed'], tags: ['course:c3'] },
    { types: ['course.subscribed'] },
  ]);
});

test('folds are read after the position up to which all with the same tags have the events', () => {
  const [first, second, third, ...others] = targets;
  const read = [{ ...first!, after: 7 }, { ...second!, after: 5 }, { ...third!, after: 9 }, ...others];
  expect(queriesOf(read).map(({ after }) => after)).toEqual([5, 9, undefined, undefined]);
});

test.for([
  ['course.planned', [0], ['planned']],
  ['course.subscribed', [0, 3], ['taken', 'all']],
  ['course.subscribed', [1, 2], ['others']],
  ['course.booked', [0], ['taken']],
] as const)('the event %s that matches queries %j counts in roles %j', ([type, queries, roles]) => {
  expect(rolesOf(targets, { type, queries })).toEqual(roles);
});
