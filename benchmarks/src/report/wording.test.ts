import { expect, test } from 'vitest';
import { groupsAt } from '../groups.ts';
import { fullPace } from '../run/pace.ts';
import { sectionsOf, wordsFor } from './wording.ts';

const names = groupsAt(fullPace)
  .flat()
  .map(({ name }) => name)
  // Measured as two workloads each: appending and reading.
  .flatMap((name) => (name.startsWith('flat.') ? [`${name}.append`, `${name}.read`] : [name]));

test('every workload of a full run has words, and is in one section', () => {
  expect(names.filter((name) => wordsFor(name) === name)).toEqual([]);
  const shown = sectionsOf(names).flatMap(({ rows }) => rows.map(([workload]) => workload));
  expect(shown.toSorted()).toEqual(names.toSorted());
});

test('a workload without words is shown by its name', () => {
  expect(sectionsOf(['append.other'])).toEqual([
    { title: 'Other workloads', rate: 'per second', rows: [['append.other', 'append.other']] },
  ]);
});
